import { GitMirrorError } from '../../core/error.ts';
import { openGitProgram, type GitProgram } from '../../mirror/git-program.ts';
import { hideMirrorRefs } from '../../mirror/hide-refs.ts';
import { assertRemote, defaultRemote } from '../../mirror/settings/default-remote.ts';
import { addMirror, preferMirror, removeMirror } from '../../mirror/settings/edit-mirrors.ts';
import { readGitSettings } from '../../mirror/settings/git-settings.ts';
import { remoteMirrorsOf, type RemoteMirrors } from '../../mirror/settings/remote-mirrors.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { Console } from '../output/console.ts';

/** A repository, and a remote of it. */
interface Target {
  readonly git: GitProgram;
  readonly mirrors: RemoteMirrors & { readonly remote: string };
}

/** `git mirror add`. */
export async function runAdd(invocation: Invocation): Promise<number> {
  const [url = '', remote] = invocation.operands;
  const { git, mirrors } = await openTarget(invocation, remote);
  const isNew = await addMirror(git, mirrors, url);
  if (isNew) await hideMirrorRefs(git);
  const shown = displayUrl(url);
  report(invocation, { remote: mirrors.remote, url: shown, added: isNew }, [
    isNew
      ? `Added ${shown} to the mirrors of ${mirrors.remote}.`
      : `${shown} is a mirror of ${mirrors.remote} already.`,
  ]);
  return exitStatus.done;
}

/** `git mirror remove`. */
export async function runRemove(invocation: Invocation): Promise<number> {
  const [url = '', remote] = invocation.operands;
  const { git, mirrors } = await openTarget(invocation, remote);
  const removed = (await removeMirror(git, mirrors, url)).map(displayUrl);
  report(
    invocation,
    { remote: mirrors.remote, removed },
    removed.map((each) => `Removed ${each} from the mirrors of ${mirrors.remote}.`),
  );
  return exitStatus.done;
}

/** `git mirror prefer`. */
export async function runPrefer(invocation: Invocation): Promise<number> {
  const isNone = invocation.flags.none === true;
  const [url, remote] = isNone ? [undefined, ...invocation.operands] : invocation.operands;
  if (isNone && invocation.operands.length > 1) {
    throw new GitMirrorError('GM_USAGE', 'prefer --none takes no URL: give a remote, or nothing');
  }
  if (!isNone && url === undefined) throw new GitMirrorError('GM_USAGE', 'prefer needs the URL of a mirror, or --none');
  const { git, mirrors } = await openTarget(invocation, remote);
  await preferMirror(git, mirrors, url);
  const shown = url === undefined ? null : displayUrl(url);
  report(invocation, { remote: mirrors.remote, preferred: shown }, [
    shown === null ? `No mirror of ${mirrors.remote} is preferred.` : `${shown} is asked first for ${mirrors.remote}.`,
  ]);
  return exitStatus.done;
}

async function openTarget({ host }: Invocation, named: string | undefined): Promise<Target> {
  const git = openGitProgram(host.env, process.cwd());
  const settings = await readGitSettings(git);
  const remote = named ?? (await defaultRemote(git, settings));
  assertRemote(settings, remote);
  return { git, mirrors: { ...remoteMirrorsOf(settings, remote), remote } };
}

function report({ host, flags }: Invocation, document: unknown, lines: readonly string[]): void {
  new Console(host, flags, []).writeResult(document, ({ clean }) => lines.map(clean));
}
