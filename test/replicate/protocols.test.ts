import { describe, expect, test } from 'vitest';
import { compareRefs, expectSound } from '../repositories/check-repository.ts';
import { hideCapabilities, type FrontRules } from './front.ts';
import { openStage, type Stage } from './stage.ts';

const sidebands: Readonly<Record<string, FrontRules | undefined>> = {
  'side-band-64k': undefined,
  'side-band': { advertisement: hideCapabilities('side-band-64k') },
  none: { advertisement: hideCapabilities('side-band-64k', 'side-band') },
};

/** Which sidebands the servers were asked for, by their own trace. */
async function askedSidebands(stage: Stage): Promise<{ source: readonly string[]; target: readonly string[] }> {
  const lines = (await stage.serverTrace()).split('\n');
  const asked = (firstLine: RegExp): readonly string[] =>
    lines.filter((line) => firstLine.test(line)).flatMap((line) => line.match(/side-band(?:-64k)?/g) ?? []);
  return { source: asked(/ upload-pack< want /), target: asked(/ receive-pack< [0-9a-f]{40,64} /) };
}

describe('R11 protocols', () => {
  const cases = (['v2', 'v1', 'v0'] as const).flatMap((protocol) =>
    (['sha1', 'sha256'] as const).flatMap((format) =>
      Object.keys(sidebands)
        // Version 2 has its packs on sideband always, and the narrow one is the same thing for both formats.
        .filter((sideband) => sideband !== 'side-band' || (protocol !== 'v2' && format === 'sha1'))
        .map((sideband) => ({ protocol, format, sideband })),
    ),
  );

  test.each(cases)(
    'R11 protocols: $protocol, $format, sideband $sideband at both ends',
    async ({ protocol, format, sideband }) => {
      const rules = sidebands[sideband];
      await using stage = await openStage({
        source: { commits: 6, mergeEvery: 3, branches: 2, tags: 2, format },
        sourceFront: rules,
        targetFront: rules,
        middleware: (request) => {
          if (protocol === 'v0') delete request.headers['git-protocol'];
          return false;
        },
      });
      const policy = { includeTags: true, protocol: protocol === 'v0' ? 'auto' : protocol } as const;
      const first = await stage.client.sync({ ...stage.ends, policy });
      expect(first.execution).toMatchObject({ protocol, transferMode: 'bootstrap', relay: true });
      await stage.source.commit('refs/heads/main');
      await stage.source.deleteRef('refs/heads/topic-2');
      expect(await askedSidebands(stage)).toEqual({
        source: protocol === 'v2' || sideband === 'none' ? [] : [sideband],
        // A report is small: the narrow sideband is not worth asking for.
        target: sideband === 'side-band-64k' ? [sideband] : [],
      });
      const second = await stage.client.sync({ ...stage.ends, policy: { ...policy, prune: true } });
      expect(second.counts).toMatchObject({ applied: 1, deleted: 1 });
      await compareRefs(stage.source, stage.target);
      await expectSound(stage.target);
    },
  );

  test.each([
    { what: 'report-status-v2', hidden: ['report-status-v2'] },
    { what: 'any report', hidden: ['report-status-v2', 'report-status'] },
    { what: 'sideband and any report', hidden: ['report-status-v2', 'report-status', 'side-band-64k'] },
    { what: 'ofs-delta', hidden: ['ofs-delta'] },
    { what: 'agent and object-format', hidden: ['agent', 'object-format'] },
  ])('R11 protocols: a target without $what', async ({ hidden }) => {
    await using stage = await openStage({
      source: { commits: 6, branches: 1 },
      targetFront: { advertisement: hideCapabilities(...hidden) },
    });
    await stage.client.sync(stage.ends);
    await stage.source.commit('refs/heads/main');
    const result = await stage.client.sync(stage.ends);
    expect(result.counts).toMatchObject({ applied: 1, skipped: 1 });
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });

  test('R11 protocols: a target that cannot report and refuses is found out', async () => {
    await using stage = await openStage({
      source: { branches: 1 },
      targetFront: { advertisement: hideCapabilities('report-status-v2', 'report-status') },
    });
    await stage.target.hook('update', 'test "$1" != refs/heads/topic-1');
    await expect(stage.client.sync(stage.ends)).rejects.toMatchObject({
      code: 'GM_REF_REJECTED',
      ref: 'refs/heads/topic-1',
    });
  });

  test.each([
    { format: 'sha1', targetFormat: 'sha256' },
    { format: 'sha256', targetFormat: 'sha1' },
  ] as const)(
    'R11 protocols: $format into $targetFormat is refused, and the target left alone',
    async ({ format, targetFormat }) => {
      await using stage = await openStage({ source: { format }, targetFormat });
      for (const call of ['plan', 'sync', 'replicate'] as const) {
        const failure = stage.client[call](stage.ends);
        await expect(failure).rejects.toMatchObject({
          code: 'GM_OBJECT_FORMAT',
          details: { source: format, target: targetFormat },
        });
        await expect(failure).rejects.toThrow(new RegExp(`${format}.*${targetFormat}`));
      }
      expect(stage.pushCount).toBe(0);
      expect(await stage.target.objectCount()).toBe(0);
    },
  );

  test.each(['sha1', 'sha256'] as const)('R11 protocols: %s in steps', async (format) => {
    await using stage = await openStage({ source: { commits: 10, fileBytes: 4096, format } });
    const result = await stage.client.sync({ ...stage.ends, advanced: { targetMaxPackBytes: 20_000 } });
    expect(result.execution.transferMode).toBe('batched');
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });
});
