import { openGitProgram } from '../../mirror/git-program.ts';
import { learnMirrors } from '../../mirror/learn/learn-mirrors.ts';
import { rankRemote } from '../../mirror/rank/rank-remote.ts';
import { readRemoteMirrors } from '../../mirror/settings/remote-mirrors.ts';
import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { Console } from '../output/console.ts';
import { renderRankReport } from '../output/rank-report.ts';

const defaultTop = 8;

/** `git mirror rank`. */
export async function runRank(invocation: Invocation): Promise<number> {
  const { host, operands, flags, signal } = invocation;
  const [remote = 'origin'] = operands;
  const git = openGitProgram(host.env, process.cwd());
  const isStored = flags.store !== false;
  const known = await readRemoteMirrors(git, remote);
  const learned = await learnMirrors({
    git,
    // What is learned for a URL is not stored.
    remoteMirrors: isStored ? known : { ...known, remote: undefined },
    reporter: {
      note: () => undefined,
      detail: (line) => {
        if (flags.verbose === true) host.stderr.write(`${line}\n`);
      },
    },
    signal,
  });
  const result = await rankRemote({
    git,
    mirrors: { ...learned, remote: known.remote },
    top: flags.top ?? defaultTop,
    isStored,
    isPreferred: flags.prefer === true,
    signal,
  });
  new Console(host, flags, []).writeResult(result, (settings) => renderRankReport(result, settings));
  const isAnyUsable = result.mirrors.some(({ score }) => score !== null);
  return isAnyUsable || result.mirrors.length === 0 ? exitStatus.done : exitStatus.failed;
}
