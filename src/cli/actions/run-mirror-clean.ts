import { cleanMirrorRefs } from '../../mirror/clean-refs.ts';
import { openGitProgram } from '../../mirror/git-program.ts';
import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { Console } from '../output/console.ts';
import { countOf } from '../output/quantities.ts';

/** `git mirror clean`. */
export async function runClean({ host, flags, signal }: Invocation): Promise<number> {
  const result = await cleanMirrorRefs(openGitProgram(host.env, process.cwd()), signal);
  new Console(host, flags, []).writeResult(result, ({ clean }) => [
    `Removed ${countOf(result.removed.length, 'ref')} of mirrors.`,
    ...result.kept.map(({ name, oid }) => `Kept ${clean(name)} (${oid.slice(0, 12)}): your own refs do not reach it.`),
    ...(result.kept.length > 0 ? ['Give what you want a branch; git update-ref -d REF removes the rest.'] : []),
  ]);
  return exitStatus.done;
}
