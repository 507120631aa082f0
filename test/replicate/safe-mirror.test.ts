import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../src/index.ts';
import { compareRefs, expectConnected, expectSound } from '../repositories/check-repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { Repository } from '../repositories/repository.ts';
import { actionsOf } from './actions.ts';
import { openStage, type Stage } from './stage.ts';

const policy = { includeTags: true } as const;

/** After a sync, main was rewritten, v2 moved, topic-1 went ahead. */
async function openRewrittenStage(): Promise<Stage> {
  const stage = await openStage({ source: { commits: 4, branches: 2, tags: 2 } });
  await stage.client.sync({ ...stage.ends, policy });
  await stage.source.commit('refs/heads/main', { from: null });
  await stage.source.commit('refs/heads/topic-1');
  await stage.source.updateRef('refs/tags/v2', 'refs/heads/main');
  return stage;
}

describe('R18 safe-mirror policy', () => {
  test.each(['sync', 'replicate'] as const)(
    'R18 safe mirror: onRewrite keep parks the old tips first, %s',
    async (call) => {
      await using stage = await openRewrittenStage();
      const before = await stage.target.refs();
      const started = Date.now();
      const result = await stage.client[call]({ ...stage.ends, policy: { ...policy, onRewrite: 'keep' } });
      expect(result.counts).toMatchObject({ applied: 3, blocked: 0 });
      await compareRefs(stage.source, stage.target, 'refs/git-mirror/');
      const kept = [...(await stage.target.refs())].filter(([name]) => name.startsWith('refs/git-mirror/'));
      const names = kept.map(([name]) => name.replace(/^refs\/git-mirror\/kept\/(\d{8}T\d{6}Z)\//, ''));
      // Only what was rewritten: a fast-forward loses nothing.
      expect(names).toEqual(['heads/main', 'tags/v2']);
      expect(kept.map(([, oid]) => oid)).toEqual([before.get('refs/heads/main'), before.get('refs/tags/v2')]);
      const time = kept[0]?.[0].split('/')[3] ?? '';
      const moment = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
      expect(moment).toBeGreaterThanOrEqual(started - 1000);
      expect(moment).toBeLessThanOrEqual(Date.now());
      await expectSound(stage.target);
    },
  );

  test('R18 safe mirror: what was kept stays through a replicate with prune', async () => {
    await using stage = await openRewrittenStage();
    await stage.client.sync({ ...stage.ends, policy: { ...policy, onRewrite: 'keep' } });
    await stage.client.replicate({ ...stage.ends, scope: { allRefs: true }, policy: { prune: true } });
    const names = [...(await stage.target.refs()).keys()];
    expect(names.filter((name) => name.startsWith('refs/git-mirror/kept/'))).toHaveLength(2);
  });

  test('R18 safe mirror: when an old tip cannot be kept, nothing is overwritten', async () => {
    await using stage = await openRewrittenStage();
    await stage.target.hook('update', 'case "$1" in refs/git-mirror/kept/*/tags/*) exit 1;; esac');
    const before = await stage.target.refs();
    await expect(stage.client.sync({ ...stage.ends, policy: { ...policy, onRewrite: 'keep' } })).rejects.toMatchObject({
      code: 'GM_REF_REJECTED',
    });
    const after = new Map([...(await stage.target.refs())].filter(([name]) => !name.startsWith('refs/git-mirror/')));
    expect(after).toEqual(before);
  });

  test('R18 safe mirror: onRewrite block blocks a replicate too', async () => {
    await using stage = await openRewrittenStage();
    const before = await stage.target.refs();
    const result = await stage.client.replicate({ ...stage.ends, policy: { ...policy, onRewrite: 'block' } });
    expect(actionsOf(result)).toEqual([
      'block refs/heads/main',
      'update refs/heads/topic-1',
      'skip refs/heads/topic-2',
      'skip refs/tags/v1',
      'block refs/tags/v2',
    ]);
    expect(await stage.target.refs()).toEqual(before);
  });

  test('R18 safe mirror: onRewrite overwrite lets a sync overwrite', async () => {
    await using stage = await openRewrittenStage();
    await stage.client.sync({ ...stage.ends, policy: { ...policy, onRewrite: 'overwrite' } });
    await compareRefs(stage.source, stage.target);
  });

  test('R18 safe mirror: maxPrunePercent stops a mass deletion', async () => {
    await using stage = await openStage({ source: { branches: 9 } });
    await stage.client.sync(stage.ends);
    for (const number of [1, 2, 3]) await stage.source.deleteRef(`refs/heads/topic-${String(number)}`);
    await stage.source.commit('refs/heads/main');
    const before = await stage.target.refs();
    const blocked = await stage.client.sync({ ...stage.ends, policy: { prune: true, maxPrunePercent: 29 } });
    expect(blocked.counts).toMatchObject({ blocked: 3, deleted: 0 });
    expect(blocked.refs.find(({ action }) => action === 'block')?.reason).toBe(
      '3 of 10 refs would be deleted, more than 29 %',
    );
    expect(await stage.target.refs()).toEqual(before);
    const done = await stage.client.sync({ ...stage.ends, policy: { prune: true, maxPrunePercent: 30 } });
    expect(done.counts).toMatchObject({ blocked: 0, deleted: 3 });
    await compareRefs(stage.source, stage.target);
  });

  test('R18 safe mirror: a source that has become empty does not empty the target', async () => {
    await using stage = await openStage({ source: { branches: 2 } });
    await stage.client.sync(stage.ends);
    const empty = await stage.addTarget('empty.git');
    const request: SyncRequest = {
      source: { url: empty.url },
      target: { url: stage.targetUrl },
      policy: { prune: true, maxPrunePercent: 50 },
    };
    const before = await stage.target.refs();
    expect((await stage.client.replicate(request)).counts).toMatchObject({ blocked: 3, deleted: 0 });
    expect(await stage.target.refs()).toEqual(before);
  });

  test.each(['v1', 'v2'] as const)('R18 safe mirror: a shallow source is refused, in %s', async (protocol) => {
    await using stage = await openStage({ source: { commits: 5 } });
    const path = join(stage.folder, 'shallow.git');
    await runGit(['clone', '-q', '--bare', '--depth=2', `file://${stage.source.path}`, path]);
    const shallow = new Repository(path);
    for (const call of ['sync', 'replicate'] as const) {
      const failure = stage.client[call]({
        source: { url: `${stage.backend.url}/shallow.git` },
        target: { url: stage.targetUrl },
        policy: { protocol },
      });
      await expect(failure).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
      await expect(failure).rejects.toThrow(/shallow.*unshallow/);
    }
    expect((await shallow.refs()).size).toBe(1);
    expect(await stage.target.refs()).toEqual(new Map());
    await expectConnected(stage.target);
  });

  test('R18 safe mirror: source = target is refused, however it is written', async () => {
    await using stage = await openStage();
    const link = join(stage.folder, 'link.git');
    await symlink(stage.source.path, link);
    const { path } = stage.source;
    const pairs: readonly (readonly [string, string])[] = [
      [stage.sourceUrl, stage.sourceUrl],
      [stage.sourceUrl, `${stage.sourceUrl}/`],
      [path, `${path}/`],
      [path, `file://${path}`],
      [path, link],
      ['ssh://git@Example.com/a.git', 'ssh://git@example.com:22/a.git'],
    ];
    for (const [source, target] of pairs) {
      const failure = stage.client.sync({ source: { url: source }, target: { url: target } });
      await expect(failure, `${source} and ${target}`).rejects.toMatchObject({
        code: 'GM_USAGE',
        details: { field: 'target.url' },
      });
    }
    await expect(
      stage.client.sync({ source: { url: '/a.git' }, targets: [{ url: '/b.git' }, { url: '/b.git/' }] }),
    ).rejects.toMatchObject({ code: 'GM_USAGE', details: { field: 'targets[1].url' } });
  });
});
