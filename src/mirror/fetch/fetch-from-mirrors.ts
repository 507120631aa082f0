import { messageOf } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import type { BulkFetch, BulkRequest, OriginRef } from '../bulk-fetch.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';
import { askMirror } from './ask-mirror.ts';
import { heldObjects } from './held-objects.ts';

/**
 * {@link BulkFetch}: one mirror after another, each in a process group and a quarantine of its own, until all that is
 * wanted is here.
 */
export const fetchFromMirrors: BulkFetch = async (request) => {
  const { git, mirrors, wanted, reporter, signal } = request;
  const used: MirrorCandidate[] = [];
  const failed: { mirror: MirrorCandidate; reason: string }[] = [];
  let missing = await missingOf(request, wanted);
  for (const mirror of mirrors) {
    if (missing.length === 0) break;
    signal.throwIfAborted();
    const shown = displayUrl(mirror.url);
    const skip = request.skip();
    try {
      const count = await askMirror(git, mirror, missing, {
        scope: request.scope,
        limits: request.limits,
        reporter,
        signal: AbortSignal.any([signal, skip]),
      });
      if (count > 0) used.push(mirror);
      else reporter.detail(`mirror ${shown} has nothing that is missing`);
    } catch (error) {
      signal.throwIfAborted();
      const reason = skip.aborted ? 'passed over' : messageOf(error);
      failed.push({ mirror, reason });
      reporter.note(skip.aborted ? `mirror ${shown} passed over` : `mirror ${shown} left: ${reason}`);
    }
    missing = await missingOf(request, missing);
  }
  signal.throwIfAborted();
  const lacking = new Set(missing);
  return { used, failed, arrived: wanted.filter((ref) => !lacking.has(ref)) };
};

async function missingOf({ git }: BulkRequest, refs: readonly OriginRef[]): Promise<readonly OriginRef[]> {
  const held = await heldObjects(
    git,
    refs.map(({ oid }) => oid),
  );
  return refs.filter(({ oid }) => !held.has(oid));
}
