import { describe, expect, test } from 'vitest';
import type { ProbeRequest, SyncRequest } from './request.ts';
import type { FetchRequest } from './unstable-client.ts';
import { validateFetchRequest, validateProbeRequest, validateSyncRequest } from './validate-request.ts';

const ends = { source: { url: 'https://example.com/a.git' }, target: { url: 'https://example.org/b.git' } };

describe('validateSyncRequest', () => {
  test('takes everything that is allowed at once', async () => {
    await expect(
      validateSyncRequest(
        {
          source: { url: 'git@example.com:a.git', followInfoRefsRedirect: false },
          targets: [{ url: '/srv/b.git' }, { url: 'git://example.org/c.git' }],
          scope: {
            branches: ['main', 'refs/heads/topic'],
            mappings: [{ source: 'release/*', target: 'refs/heads/old/*' }],
            excludeRefPrefixes: ['refs/pull/'],
            excludeRefs: ['refs/heads/x'],
          },
          policy: {
            mode: 'sync',
            includeTags: true,
            forceWithLease: true,
            prune: true,
            maxPrunePercent: 0,
            atomic: true,
            pushOptions: ['ci.skip'],
            onRewrite: 'keep',
            protocol: 'v1',
          },
          advanced: { targetMaxPackBytes: 1, bootstrapOrder: 'topo', temporaryDirectory: '/tmp' },
          collectStats: true,
          measureMemory: false,
        },
        'sync',
      ),
    ).resolves.toBeUndefined();
  });

  const malformed: readonly (readonly [field: string, request: object])[] = [
    ['source', { source: undefined }],
    ['source.url', { source: { url: '' } }],
    ['source.url', { source: {} }],
    ['source.url', { source: { url: 'https://' } }],
    ['target.url', { target: { url: 3 } }],
    ['target', { target: undefined }],
    ['targets', { target: undefined, targets: [] }],
    ['targets[1].url', { target: undefined, targets: [{ url: '/x' }, { url: '' }] }],
    ['scope.branches[0]', { scope: { branches: ['a..b'] } }],
    ['scope.branches[1]', { scope: { branches: ['a', 'b c'] } }],
    ['scope.branches[0]', { scope: { branches: ['release/*'] } }],
    ['scope.mappings[0]', { scope: { mappings: [{ source: 'a/*', target: 'b' }] } }],
    ['scope.mappings[0]', { scope: { mappings: [{ source: 'a', target: 'b/*' }] } }],
    ['scope.mappings[0].source', { scope: { mappings: [{ source: 'a/*/*', target: 'b/*' }] } }],
    ['scope.mappings[0].target', { scope: { mappings: [{ source: 'a', target: 'b~1' }] } }],
    ['scope.excludeRefPrefixes[0]', { scope: { excludeRefPrefixes: ['heads/'] } }],
    ['scope.excludeRefs[0]', { scope: { excludeRefs: ['main'] } }],
    ['scope.allRefs', { scope: { allRefs: 'yes' } }],
    ['policy.mode', { policy: { mode: 'mirror' } }],
    ['policy.protocol', { policy: { protocol: 'v3' } }],
    ['policy.onRewrite', { policy: { onRewrite: 'ask' } }],
    ['policy.pushOptions[0]', { policy: { pushOptions: ['a\nb'] } }],
    ['policy.pushOptions[0]', { policy: { pushOptions: ['a\0b'] } }],
    ['policy.maxPrunePercent', { policy: { prune: true, maxPrunePercent: 101 } }],
    ['policy.maxPrunePercent', { policy: { prune: true, maxPrunePercent: -1 } }],
    ['policy.maxPrunePercent', { policy: { prune: true, maxPrunePercent: Number.NaN } }],
    ['advanced.targetMaxPackBytes', { advanced: { targetMaxPackBytes: 0 } }],
    ['advanced.targetMaxPackBytes', { advanced: { targetMaxPackBytes: 1.5 } }],
    ['advanced.bootstrapOrder', { advanced: { bootstrapOrder: 'date' } }],
    ['advanced.temporaryDirectory', { advanced: { temporaryDirectory: '' } }],
    ['collectStats', { collectStats: 1 }],
    // A misspelt setting must not be passed over.
    ['policy', { policy: { forceWithLeese: true } }],
    ['request', { polcy: {} }],
  ];

  test.each(malformed)('%s is named in the error of %j', async (field, change) => {
    const request = { ...ends, ...change } as SyncRequest;
    const failure = validateSyncRequest(request, 'sync');
    await expect(failure).rejects.toMatchObject({ code: 'GM_USAGE', details: { field } });
    await expect(failure).rejects.toThrow(field);
  });

  test('what is unknown is named too', async () => {
    await expect(
      validateSyncRequest({ ...ends, policy: { forceWithLeese: true } } as SyncRequest, 'sync'),
    ).rejects.toThrow('forceWithLeese');
  });

  test('a secret in a URL does not get into the error', async () => {
    const secret = 'hunter2';
    const request = { ...ends, source: { url: `https://user:${secret}@exa mple.com/a.git` } };
    const failure = validateSyncRequest(request, 'sync');
    await expect(failure).rejects.toMatchObject({ code: 'GM_USAGE' });
    await expect(failure).rejects.not.toThrow(secret);
  });

  test('the mode that was called for and the one in the policy', async () => {
    const request: SyncRequest = { ...ends, policy: { mode: 'replicate' } };
    await expect(validateSyncRequest(request, 'sync')).rejects.toMatchObject({ details: { field: 'policy.mode' } });
    await expect(validateSyncRequest(request, 'replicate')).resolves.toBeUndefined();
    await expect(validateSyncRequest(request, undefined)).resolves.toBeUndefined();
    const forced: SyncRequest = { ...ends, policy: { mode: 'replicate', force: true } };
    await expect(validateSyncRequest(forced, undefined)).rejects.toMatchObject({
      details: { field: 'policy.forceWithLease' },
    });
  });
});

describe('validateProbeRequest', () => {
  test.each([
    ['source.url', { source: { url: '' } }],
    ['target.url', { target: { url: 'https://' } }],
    ['refPrefixes[0]', { refPrefixes: ['heads'] }],
    ['protocol', { protocol: 'v0' }],
    ['request', { policy: {} }],
  ])('%s is named in the error of %j', (field, change) => {
    const request = { ...ends, ...change } as ProbeRequest;
    expect(() => {
      validateProbeRequest(request);
    }).toThrow(expect.objectContaining({ code: 'GM_USAGE', details: { field } }));
  });

  test('a target need not be named', () => {
    expect(() => {
      validateProbeRequest({ source: ends.source, allRefs: true, refPrefixes: ['refs/heads/'] });
    }).not.toThrow();
  });
});

describe('validateFetchRequest', () => {
  test.each([
    ['source.url', { source: { url: '' } }],
    ['haves[0]', { haves: ['main'] }],
    ['scope.branches[0]', { scope: { branches: [''] } }],
  ])('%s is named in the error of %j', (field, change) => {
    const request = { source: ends.source, ...change } as FetchRequest;
    expect(() => {
      validateFetchRequest(request);
    }).toThrow(expect.objectContaining({ code: 'GM_USAGE', details: { field } }));
  });
});
