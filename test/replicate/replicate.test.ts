import { describe, expect, test } from 'vitest';
import { compareRefs, expectSound } from '../repositories/check-repository.ts';
import { hideCapabilities } from './front.ts';
import { actionsOf } from './actions.ts';
import { openStage } from './stage.ts';

describe('R4 replicate', () => {
  test('R4 replicate: the source is right: branches and tags are overwritten by relay', async () => {
    await using stage = await openStage({ source: { commits: 8, branches: 2, tags: 2 } });
    const policy = { includeTags: true, prune: true } as const;
    expect((await stage.client.replicate({ ...stage.ends, policy })).execution).toMatchObject({
      operationMode: 'replicate',
      transferMode: 'bootstrap',
      relay: true,
    });
    await stage.source.commit('refs/heads/main', { from: await stage.source.resolve('refs/heads/main~3') });
    await stage.source.commit('refs/heads/topic-1', { from: null });
    await stage.source.updateRef('refs/tags/v2', 'refs/heads/main');
    await stage.source.deleteRef('refs/heads/topic-2');
    await stage.target.commit('refs/heads/only-here', { from: null });
    const result = await stage.client.replicate({ ...stage.ends, policy });
    expect(actionsOf(result)).toEqual([
      'update refs/heads/main',
      'delete refs/heads/only-here',
      'update refs/heads/topic-1',
      'delete refs/heads/topic-2',
      'skip refs/tags/v1',
      'update refs/tags/v2',
    ]);
    expect(result.execution).toMatchObject({ relay: true, transferMode: 'replicate' });
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });

  test('R4 replicate: without prune, what only the target has stays', async () => {
    await using stage = await openStage();
    await stage.target.commit('refs/heads/only-here', { from: null });
    await stage.client.replicate(stage.ends);
    expect([...(await stage.target.refs()).keys()]).toEqual(['refs/heads/main', 'refs/heads/only-here']);
  });

  test('R4 replicate: the history of a rewritten branch is not asked for', async () => {
    await using stage = await openStage({ source: { commits: 5 } });
    await stage.client.replicate(stage.ends);
    await stage.source.commit('refs/heads/main', { from: null });
    const before = stage.backend.requests.length;
    await stage.client.replicate(stage.ends);
    const asked = stage.backend.requests.slice(before).filter(({ url }) => url === '/source.git/git-upload-pack');
    expect(asked).toHaveLength(2);
  });

  test('R4 replicate: when only steps would do and the source cannot give them, it fails and says why', async () => {
    await using stage = await openStage({
      source: { commits: 12, fileBytes: 8192 },
      targetFront: { maxPushBytes: 30_000 },
      sourceFront: { advertisement: hideCapabilities('allow-reachable-sha1-in-want', 'allow-any-sha1-in-want') },
    });
    const failure = stage.client.replicate({
      ...stage.ends,
      policy: { protocol: 'v1' },
      advanced: { targetMaxPackBytes: 30_000 },
    });
    await expect(failure).rejects.toMatchObject({ code: 'GM_NO_RELAY' });
    await expect(failure).rejects.toThrow(/only serves what its refs name.*v2/);
    expect(await stage.target.refs()).toEqual(new Map());
  });

  test('R4 replicate: one commit larger than the target takes is never materialized', async () => {
    await using stage = await openStage({
      source: { commits: 1, fileBytes: 60_000 },
      targetFront: { maxPushBytes: 30_000 },
    });
    await expect(stage.client.replicate(stage.ends)).rejects.toMatchObject({ code: 'GM_NO_RELAY' });
    expect(await stage.target.refs()).toEqual(new Map());
  });
});
