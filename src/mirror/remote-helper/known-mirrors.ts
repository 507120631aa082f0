import { chooseMirrors } from '../choose/choose-mirrors.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorCandidate, MirrorLimits, MirrorReporter } from '../mirror-candidate.ts';
import type { GitSettings } from '../settings/git-settings.ts';
import { remoteMirrorsOf } from '../settings/remote-mirrors.ts';
import type { Origin } from './origin-arguments.ts';

/** Whose mirrors are looked for. */
export interface MirrorQuestion {
  readonly git: GitProgram;
  readonly settings: GitSettings;
  /** Name of the remote, or the URL that git was given. */
  readonly name: string;
  readonly origin: Origin;
  readonly reporter: MirrorReporter;
  readonly signal: AbortSignal;
}

/** What there is to be asked before the origin, the first one first. */
export interface KnownMirrors {
  readonly mirrors: readonly MirrorCandidate[];
  readonly limits: MirrorLimits;
}

/**
 * The mirrors of a remote that is reached through `mirror::`, once its origin has been asked for them if what it said is old
 * (`learnMirrors`). What is learned is stored with the remote, if it is one.
 */
export async function knownMirrors(question: MirrorQuestion): Promise<KnownMirrors> {
  const { git, settings, name, origin, reporter, signal } = question;
  const configured = remoteMirrorsOf(settings, name);
  // To everybody else the remote is the URL itself: by its name git would come back to us.
  const asUrl = { ...configured, remote: undefined, url: origin.url };
  if (!asUrl.useMirror || asUrl.preferMirror === 'never') return { mirrors: [], limits: asUrl.limits };
  const { learnMirrors } = await import('../learn/learn-mirrors.ts');
  const known = await learnMirrors({ git, remoteMirrors: asUrl, reporter, signal });
  if (configured.remote !== undefined && known.learned !== asUrl.learned) {
    const { storeLearned } = await import('../settings/store-learned.ts');
    await storeLearned(git, configured.remote, known.learned, signal);
  }
  return { mirrors: chooseMirrors(known, {}), limits: known.limits };
}
