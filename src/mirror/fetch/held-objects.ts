import { isObjectId, type ObjectId } from '../../core/object-id.ts';
import type { GitProgram } from '../git-program.ts';

/** Environment in which git fetches nothing that is missing: the first is for git from 2.44 on. */
export const nothingFetched = { GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: '' };

/**
 * Which of `oids` are in the repository already. Nothing is fetched to find out, whatever promisor remotes there are; when
 * git cannot say, none is.
 */
export async function heldObjects(git: GitProgram, oids: Iterable<ObjectId>): Promise<ReadonlySet<ObjectId>> {
  const asked = new Set(oids);
  if (asked.size === 0) return asked;
  const { status, stdout } = await git.run(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    input: [...asked].join('\n').concat('\n'),
    env: nothingFetched,
    allowStatus: [1, 128],
  });
  const held = new Set<ObjectId>();
  if (status !== 0) return held;
  for (const line of stdout.split('\n')) {
    const [oid = '', type] = line.split(' ');
    if (type !== 'missing' && isObjectId(oid)) held.add(oid);
  }
  return held;
}
