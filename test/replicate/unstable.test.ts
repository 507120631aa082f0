import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import type { ObjectId } from '../../src/core/object-id.ts';
import { compareRefs, expectSound } from '../repositories/check-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { openStage } from './stage.ts';

describe('unstable', () => {
  test('fetch: the pack of the source, as git indexes it, and nothing is pushed', async () => {
    await using stage = await openStage({ source: { commits: 8, branches: 2, tags: 2 } });
    const file = join(stage.folder, 'x.pack');
    const result = await stage.client.fetch(
      { source: { url: stage.sourceUrl }, includeTags: true },
      { onPack: async (pack) => pipeline(Readable.from(pack), createWriteStream(file)) },
    );
    const copy = await Repository.init(join(stage.folder, 'copy.git'));
    await copy.git('index-pack', '--strict', '-o', join(copy.path, 'objects', 'pack', 'pack-x.idx'), file);
    expect(result).toMatchObject({
      sourceUrl: stage.sourceUrl,
      protocol: 'v2',
      sourceHead: 'refs/heads/main',
      objects: await stage.source.objectCount(),
      bytes: (await stat(file)).size,
    });
    expect(new Map(result.refs.map(({ name, hash }) => [name, hash]))).toEqual(await stage.source.refs());
    expect(stage.pushCount).toBe(0);
  });

  test('fetch: only what is missing on top of haves; with everything there, no pack', async () => {
    await using stage = await openStage({ source: { commits: 8 } });
    const old = (await stage.source.resolve('refs/heads/main~1')) as ObjectId;
    const tip = (await stage.source.resolve('refs/heads/main')) as ObjectId;
    const source = { url: stage.sourceUrl };
    const whole = await stage.client.fetch({ source });
    const rest = await stage.client.fetch({ source, haves: [old] });
    expect(rest.objects).toBeLessThan(whole.objects / 4);
    expect(rest.bytes).toBeLessThan(whole.bytes);
    expect(await stage.client.fetch({ source, haves: [tip] })).toMatchObject({ objects: 0, bytes: 0 });
  });

  test('bootstrap: an empty target only', async () => {
    await using stage = await openStage({ source: { commits: 8, branches: 1 } });
    const result = await stage.client.bootstrap(stage.ends);
    expect(result.execution).toMatchObject({ transferMode: 'bootstrap', relay: true });
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
    await stage.source.commit('refs/heads/main');
    const before = await stage.target.refs();
    await expect(stage.client.bootstrap(stage.ends)).rejects.toMatchObject({ code: 'GM_USAGE' });
    expect(await stage.target.refs()).toEqual(before);
  });
});
