import { describe, expect, test } from 'vitest';
import { openStage } from './stage.ts';

describe('R1 probe', () => {
  test.each([
    { mode: 'auto', protocol: 'v2' },
    { mode: 'v2', protocol: 'v2' },
    { mode: 'v1', protocol: 'v1' },
  ] as const)('R1 probe: $mode lists what git ls-remote lists, in $protocol', async ({ mode, protocol }) => {
    await using stage = await openStage({ source: { branches: 2, tags: 2 } });
    const result = await stage.client.probe({
      source: { url: stage.sourceUrl },
      target: { url: stage.targetUrl },
      includeTags: true,
      protocol: mode,
    });
    expect(Object.fromEntries(result.refs.map(({ name, hash }) => [name, hash]))).toEqual(
      Object.fromEntries(await stage.source.refs()),
    );
    expect(result).toMatchObject({
      sourceUrl: stage.sourceUrl,
      targetUrl: stage.targetUrl,
      requestedMode: mode,
      protocol,
      refPrefixes: ['refs/heads/', 'refs/tags/'],
      sourceHead: 'refs/heads/main',
    });
    expect(result.sourceCapabilities.join(' ')).toMatch(/agent=git\//);
    expect(result.targetCapabilities).toContain('report-status');
    expect(await stage.target.refs()).toEqual(new Map());
  });

  test('R1 probe: a server that only knows version 0 is asked in version 2 and taken as it answers', async () => {
    await using stage = await openStage({
      source: { branches: 1 },
      middleware: (request) => {
        delete request.headers['git-protocol'];
        return false;
      },
    });
    const request = { source: { url: stage.sourceUrl } };
    const result = await stage.client.probe(request);
    expect(result.protocol).toBe('v0');
    expect(result.refs.map(({ name }) => name)).toEqual(['refs/heads/main', 'refs/heads/topic-1']);
    expect(result.sourceHead).toBe('refs/heads/main');
    await expect(stage.client.probe({ ...request, protocol: 'v2' })).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
  });

  test.each(['v1', 'v2'] as const)(
    'R1 probe: only the prefixes asked for, less those left out, in %s',
    async (protocol) => {
      await using stage = await openStage({ source: { branches: 2, tags: 2 } });
      await stage.source.updateRef('refs/pull/1/head', 'refs/heads/main');
      const source = { url: stage.sourceUrl };
      const names = async (request: object): Promise<readonly string[]> =>
        (await stage.client.probe({ source, protocol, ...request })).refs.map(({ name }) => name);
      expect(await names({})).toEqual(['refs/heads/main', 'refs/heads/topic-1', 'refs/heads/topic-2']);
      expect(await names({ refPrefixes: ['refs/pull/'] })).toEqual(['refs/pull/1/head']);
      expect(await names({ refPrefixes: ['refs/heads/topic'], excludeRefPrefixes: ['refs/heads/topic-2'] })).toEqual([
        'refs/heads/topic-1',
      ]);
      expect(await names({ allRefs: true, excludeRefPrefixes: ['refs/heads/'] })).toEqual([
        'refs/pull/1/head',
        'refs/tags/v1',
        'refs/tags/v2',
      ]);
    },
  );

  test('R1 probe: HEAD on another branch, detached, and unborn', async () => {
    await using stage = await openStage({ source: { branches: 1 } });
    const head = async (): Promise<string> =>
      (await stage.client.probe({ source: { url: stage.sourceUrl } })).sourceHead;
    await stage.source.git('symbolic-ref', 'HEAD', 'refs/heads/topic-1');
    expect(await head()).toBe('refs/heads/topic-1');
    await stage.source.git('symbolic-ref', 'HEAD', 'refs/heads/not-yet');
    expect(await head()).toBe('refs/heads/not-yet');
    await stage.source.git('update-ref', '--no-deref', 'HEAD', 'refs/heads/main');
    expect(await head()).toBe('');
  });

  test.each(['v1', 'v2'] as const)('R1 probe: an empty repository has no refs, in %s', async (protocol) => {
    await using stage = await openStage({ source: { commits: 0 } });
    const result = await stage.client.probe({ source: { url: stage.sourceUrl }, protocol });
    expect(result.refs).toEqual([]);
    expect(result.targetUrl).toBe('');
    expect(result.targetCapabilities).toEqual([]);
    if (protocol === 'v2') expect(result.sourceHead).toBe('refs/heads/main');
  });

  test('R1 probe: a repository that is not there', async () => {
    await using stage = await openStage();
    await expect(stage.client.probe({ source: { url: `${stage.backend.url}/none.git` } })).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
    });
  });
});
