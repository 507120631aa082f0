import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRepository } from '../../../test/repositories/make-repository.ts';
import { runGitForBytes } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { streamOf } from '../../core/byte-stream.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { readCommitGraph } from '../../pack/commit-graph-builder.ts';
import { chooseCheckpoints } from './history-checkpoints.ts';

test('M12: checkpoints leave parts with about as many commits each, whatever was merged in between', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await makeRepository(join(folder.path, 'r.git'), {
    commits: 200,
    mergeEvery: 20,
    mergeLength: 15,
  });
  const pack = await runGitForBytes(['pack-objects', '--all', '--stdout', '-q'], { cwd: repository.path });
  const graph = await readCommitGraph(streamOf(pack), { format: 'sha1' });
  const tip = (await repository.resolve('main')) as ObjectId;
  const checkpoints = chooseCheckpoints(graph, [tip], 6);
  expect(checkpoints).toHaveLength(5);
  let before: readonly string[] = [];
  for (const end of [...checkpoints, tip]) {
    const count = Number(await repository.git('rev-list', '--count', end, '--not', ...before));
    expect(count).toBeGreaterThan(graph.count / 6 - 40);
    expect(count).toBeLessThan(graph.count / 6 + 40);
    before = [...before, end];
  }
});
