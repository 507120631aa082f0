import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { openGitProgram, type GitProgram } from '../../mirror/git-program.ts';
import { mirrorSpaces } from '../../mirror/settings/mirror-spaces.ts';
import { parseMirrorUrl } from '../../mirror/settings/mirror-url.ts';
import { originUrl, readRemoteMirrors } from '../../mirror/settings/remote-mirrors.ts';
import { verifyMirror } from '../../mirror/state/verify-mirror.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { Console } from '../output/console.ts';
import { describeVerification, renderVerification } from '../output/state-report.ts';
import { signersOf } from './run-sign.ts';

/** `git mirror verify`. */
export async function runVerify(invocation: Invocation): Promise<number> {
  const { host, operands, flags, signal } = invocation;
  const [mirrorText = '', remote = 'origin'] = operands;
  const git = openGitProgram(host.env, process.cwd());
  const url = parseMirrorUrl(mirrorText, 'user');
  const commonDir = await git.text(['rev-parse', '--git-common-dir'], { allowStatus: [128] });
  const remoteMirrors = await readRemoteMirrors(git, remote);
  if (remoteMirrors.remote === undefined && !/[:/]/.test(remote)) {
    throw new GitMirrorError('GM_USAGE', `There is no remote ${remote} here: name the origin by its URL`, {
      details: { field: 'origin' },
    });
  }
  const origin = await originUrl(git, remoteMirrors);
  const result = await verifyMirror({
    git,
    mirror: { ...url, space: mirrorSpaces([url.url]).get(url.url) ?? '' },
    origin: flags.origin === false ? undefined : origin,
    signers: await signersOf(flags),
    limits: remoteMirrors.limits,
    reporter: {
      note: () => undefined,
      detail: (line) => {
        if (flags.verbose === true) host.stderr.write(`${line}\n`);
      },
    },
    storeDirectory: storeDirectory(git, commonDir, origin),
    now: new Date(),
    signal,
  });
  const shown = displayUrl(url.url);
  new Console(host, flags, []).writeResult(describeVerification(shown, result), (settings) =>
    renderVerification(shown, result, settings),
  );
  return result.verdict === 'fresh' ? exitStatus.done : exitStatus.failed;
}

/** Inside the repository, where there is one; otherwise with what programs remember of a user. One for each origin. */
function storeDirectory({ env, cwd }: GitProgram, commonDir: string, origin: string): string {
  const name = createHash('sha256').update(origin).digest('hex').slice(0, 16);
  const base =
    commonDir === ''
      ? join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state'), 'git-mirror')
      : join(resolve(cwd, commonDir), 'git-mirror');
  return join(base, 'statements', name);
}
