import type { ObjectId } from '../../core/object-id.ts';
import type { GitProgram } from '../git-program.ts';
import type { Part } from './part.ts';

/** Refs of parts lie here, each named for what it holds. */
const partRefs = 'refs/mirror/parts/';

/**
 * Number of the first of `parts` whose tips do not reach everything they should; undefined when all is there. All parts have
 * to be here. Objects that refs hold already are taken for whole.
 *
 * One walk answers for a plan that is whole. Only when it fails is each part looked at by itself, on top of those in front of
 * it, so that it is known whose it is.
 */
export async function findGap(
  git: GitProgram,
  parts: readonly Part[],
  signal: AbortSignal,
): Promise<number | undefined> {
  if (await isConnected(git, allTips(parts), [], signal)) return undefined;
  for (const [index, { tips }] of parts.entries()) {
    if (!(await isConnected(git, tips, allTips(parts.slice(0, index)), signal))) return index;
  }
  return undefined;
}

/** Makes refs that hold the tips, so that git takes them for its own and finds them when it looks for what it has. */
export async function holdTips(git: GitProgram, parts: readonly Part[]): Promise<void> {
  const commands = [...new Set(allTips(parts))].map((oid) => `update ${partRefs}${oid} ${oid}\n`);
  await git.run(['update-ref', '--stdin'], { input: commands.join('') });
}

/** Whether everything that `tips` reach is there, as git itself asks after a fetch; `proven` and refs are taken for whole. */
async function isConnected(
  git: GitProgram,
  tips: readonly ObjectId[],
  proven: readonly ObjectId[],
  signal: AbortSignal,
): Promise<boolean> {
  const { status } = await git.run(['rev-list', '--objects', '--stdin', '--quiet', '--not', '--all'], {
    input: [...tips, ...proven.map((oid) => `^${oid}`), ''].join('\n'),
    allowStatus: [1, 128],
    signal,
  });
  return status === 0;
}

function allTips(parts: readonly Part[]): readonly ObjectId[] {
  return parts.flatMap(({ tips }) => tips);
}
