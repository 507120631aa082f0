import { GitMirrorError } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { openQuarantine } from '../fetch/quarantine.ts';
import type { GitProgram } from '../git-program.ts';
import { indexPack } from './index-pack.ts';
import type { MirrorLane } from './mirror-lane.ts';
import { emptyPack } from './part.ts';

/** One part that is asked of one mirror. */
export interface PartRequest {
  readonly git: GitProgram;
  readonly lane: MirrorLane;
  readonly tips: readonly ObjectId[];
  readonly haves: readonly ObjectId[];
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** A part whose bytes are all here. */
export interface ReceivedPart {
  /**
   * Makes it part of the repository: the name of its pack, or {@link emptyPack}. `isDue` says whether its tips have to be
   * here by now: those of parts in front of it may hold them.
   */
  finish(isDue: () => boolean): Promise<string>;
  /** Throws it away. */
  drop(): Promise<void>;
}

/**
 * Asks for a part and takes its pack into a quarantine, out of which it comes when it is whole. Resolves when the mirror has
 * sent everything.
 *
 * @throws GitMirrorError from `finish` `GM_CORRUPT` for a pack that is none, or does not hold what was asked for
 */
export async function receivePart(request: PartRequest): Promise<ReceivedPart> {
  const { git, lane, tips, haves, maxBytes, signal } = request;
  const quarantine = await openQuarantine(git);
  const inside = git.with(quarantine.env);
  try {
    const { name } = await lane.fetch({ wants: tips, haves }, (pack) => indexPack(inside, pack, { maxBytes, signal }));
    return {
      finish: async (isDue) => {
        try {
          const pack = await name;
          const missing = await missingObjects(inside, tips);
          if (missing.length > 0 && isDue()) {
            throw new GitMirrorError('GM_CORRUPT', `its pack lacks ${missing[0] ?? ''}, which was asked for`);
          }
          const { hasPack } = await quarantine.measure();
          if (!hasPack) return emptyPack;
          await quarantine.keep();
          return pack;
        } finally {
          await quarantine.drop();
        }
      },
      drop: async () => {
        await name.catch(() => undefined);
        await quarantine.drop();
      },
    };
  } catch (error) {
    await quarantine.drop();
    throw error;
  }
}

/** Those of `oids` that are not in the repository. */
export async function missingObjects(git: GitProgram, oids: readonly ObjectId[]): Promise<readonly ObjectId[]> {
  const { stdout } = await git.run(['cat-file', '--batch-check=%(objectname)'], { input: `${oids.join('\n')}\n` });
  const lines = stdout.split('\n');
  return oids.filter((oid, index) => lines[index] !== oid);
}
