import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../../../test/repositories/make-repository.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { lastRefChange } from './last-ref-change.ts';

describe('lastRefChange (M10)', () => {
  it('is never the same again, whatever is done to refs, also when it is taken back', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'x.git'), { commits: 3, branches: 2 });
    const at = { gitDir: repository.path, commonDir: repository.path };
    const tips = [await repository.resolve('main'), await repository.resolve('main~1')] as const;
    const seen = new Set<string>();
    const changed = async (change: () => Promise<unknown>): Promise<void> => {
      await setTimeout(20);
      const before = Date.now();
      await change();
      const { stamp = '', atMs = 0 } = lastRefChange(at) ?? {};
      expect(seen).not.toContain(stamp);
      expect(atMs).toBeGreaterThanOrEqual(before - 15);
      expect(lastRefChange(at)?.stamp).toBe(stamp);
      seen.add(stamp);
    };
    await changed(() => repository.git('update-ref', 'refs/heads/main', tips[1]));
    await changed(() => repository.git('update-ref', 'refs/heads/main', tips[0]));
    await changed(() => repository.git('update-ref', 'refs/heads/main', tips[1]));
    await changed(() => repository.git('pack-refs', '--all'));
    await changed(() => repository.git('update-ref', '-d', 'refs/heads/topic-1'));
    await changed(() => repository.git('update-ref', 'refs/heads/deep/er/one', tips[0]));
    await changed(() => repository.git('update-ref', '-d', 'refs/heads/deep/er/one'));
    await changed(() => repository.git('symbolic-ref', 'HEAD', 'refs/heads/topic-2'));
    await changed(() => repository.git('symbolic-ref', 'HEAD', 'refs/heads/main'));
  });

  it('leaves out what only states the refs, and does not count without end', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'x.git'), { commits: 1 });
    const at = { gitDir: repository.path, commonDir: repository.path };
    const tip = await repository.resolve('main');
    await repository.git('update-ref', 'refs/pushes/1', tip);
    const before = lastRefChange(at);
    await repository.git('update-ref', 'refs/pushes/2', tip);
    expect(lastRefChange(at)).toEqual(before);
    const many = join(repository.path, 'refs', 'heads', 'many');
    mkdirSync(many);
    for (let index = 0; index <= 2500; index += 1) writeFileSync(join(many, String(index)), `${tip}\n`);
    expect(lastRefChange(at)).toBeUndefined();
  });

  it('sees that the list of a reftable changes', async () => {
    await using folder = await makeTemporaryFolder();
    const commonDir = folder.path;
    mkdirSync(join(commonDir, 'reftable'));
    mkdirSync(join(commonDir, 'refs'));
    const list = join(commonDir, 'reftable', 'tables.list');
    writeFileSync(list, 'one.ref\n');
    const before = lastRefChange({ gitDir: commonDir, commonDir });
    await setTimeout(20);
    writeFileSync(list, 'one.ref\ntwo.ref\n');
    expect(lastRefChange({ gitDir: commonDir, commonDir })?.stamp).not.toBe(before?.stamp);
  });
});
