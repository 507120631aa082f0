import { beforeEach, expect, test } from 'vitest';
import { FakeHost } from '../../../test/cli/fake-host.ts';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});

test('the environment stands in for flags, and flags win over it', async () => {
  host.env = {
    GIT_MIRROR_PROTOCOL: 'v1',
    GIT_MIRROR_PRUNE: 'on',
    GIT_MIRROR_BEST_EFFORT: '0',
    GIT_MIRROR_BRANCH: 'one,two three',
    GIT_MIRROR_MAP: 'a:b c:d',
    GIT_MIRROR_MAX_PRUNE_PERCENT: '10',
    GIT_MIRROR_TARGET_MAX_PACK_BYTES: '1m',
    GIT_MIRROR_ON_REWRITE: '',
    GIT_MIRROR_QUIET: 'true',
  };
  expect(await host.run('sync', '--protocol', 'v2', '--max-prune-percent', '20', '/one.git', '/two.git')).toBe(0);
  expect(host.request).toMatchObject({
    scope: {
      branches: ['one', 'two', 'three'],
      mappings: [
        { source: 'a', target: 'b' },
        { source: 'c', target: 'd' },
      ],
    },
    policy: { protocol: 'v2', prune: true, bestEffort: false, maxPrunePercent: 20 },
    advanced: { targetMaxPackBytes: 1024 ** 2 },
  });
  expect(host.out).toBe('');
});

test.each([
  ['GIT_MIRROR_PROTOCOL', 'v9', 'Give one of auto, v1, v2.'],
  ['GIT_MIRROR_PRUNE', 'perhaps', 'Give true or false.'],
  ['GIT_MIRROR_MAX_PRUNE_PERCENT', 'many', 'Give a number from 0 to 100.'],
  ['GIT_MIRROR_SOURCE_SKIP_TLS_VERIFY', 's3cret', 'Give true or false.'],
])('%s=%s is refused without repeating the value', async (name, value, advice) => {
  host.env = { [name]: value };
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(2);
  expect(host.err).toContain(`The environment variable ${name} (--`);
  expect(host.err).toContain(advice);
  expect(host.err).not.toContain(value);
});
