/**
 * Brings the objects of an origin's branches into a clone from its mirrors, before whoever works there fetches: a job for
 * night hours, or for an image that CI machines start from. No branch, tag or tracking ref is touched.
 */
import {
  chooseMirrors,
  fetchFromMirrors,
  learnMirrors,
  listRemote,
  mirrorLimits,
  openGitProgram,
  readRemoteMirrors,
  type BulkResult,
} from 'git-mirror/mirror';

/** Takes what is missing of `remote` in the clone at `path`; resolves to what came, and from whom. */
export async function prefetch(path: string, remote: string, signal: AbortSignal): Promise<BulkResult> {
  const git = openGitProgram(process.env, path);
  const reporter = {
    note: (line: string) => void process.stderr.write(`${line}\n`),
    detail: () => undefined,
  };
  const remoteMirrors = await learnMirrors({
    git,
    remoteMirrors: await readRemoteMirrors(git, remote),
    reporter,
    signal,
  });
  const { refs } = await listRemote(git, remote, { signal });
  return fetchFromMirrors({
    git,
    mirrors: chooseMirrors(remoteMirrors, {}),
    wanted: refs.filter(({ name }) => name.startsWith('refs/heads/')),
    scope: [],
    limits: mirrorLimits,
    reporter,
    signal,
    skip: () => new AbortController().signal,
  });
}
