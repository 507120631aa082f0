import { beforeEach, expect, test } from 'vitest';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { FakeHost, noRefs, syncResult } from '../../test/cli/fake-host.ts';
import type { PlanRequest } from '../sync/request.ts';
import type { SyncResult } from '../sync/result.ts';
import { buildProgram, commandSpecs } from './program.ts';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});

test('every flag of sync ends up in the request', async () => {
  const words = `sync -b main,dev --branch next --map a:b --map refs/x/*:refs/y/* --tags --exclude-ref-prefix refs/pull/
    --exclude-ref refs/heads/tmp --prune --force-with-lease --best-effort -o ci.skip --push-option two --on-rewrite keep
    --max-prune-percent 10% --protocol v1 --max-pack-bytes 2g --target-max-pack-bytes 100m --target-max-ref-updates 500
    --bootstrap-strategy topo --materialized-max-objects 1000 --materialized-max-bytes 1g --temporary-directory /tmp/x
    --slow-target-ms 500 --stats --measure-memory --no-follow-redirects /one.git /two.git /three.git`;
  expect(await host.run(...words.split(/\s+/))).toBe(0);
  expect(host.err).toBe('');
  const at = (url: string) => ({ url, followInfoRefsRedirect: false });
  expect(host.request).toEqual({
    source: at('/one.git'),
    targets: [at('/two.git'), at('/three.git')],
    scope: {
      branches: ['main', 'dev', 'next'],
      mappings: [
        { source: 'a', target: 'b' },
        { source: 'refs/x/*', target: 'refs/y/*' },
      ],
      excludeRefPrefixes: ['refs/pull/'],
      excludeRefs: ['refs/heads/tmp'],
    },
    policy: {
      includeTags: true,
      prune: true,
      forceWithLease: true,
      bestEffort: true,
      pushOptions: ['ci.skip', 'two'],
      onRewrite: 'keep',
      maxPrunePercent: 10,
      protocol: 'v1',
    },
    advanced: {
      maxPackBytes: 2 * 1024 ** 3,
      targetMaxPackBytes: 100 * 1024 ** 2,
      targetMaxRefUpdates: 500,
      bootstrapOrder: 'topo',
      materializedMaxObjects: 1000,
      materializedMaxBytes: 1024 ** 3,
      temporaryDirectory: '/tmp/x',
      slowTargetMs: 500,
    },
    collectStats: true,
    measureMemory: true,
  });
});

test('nothing is asked for that was not said', async () => {
  await host.run('sync', '/one.git', '/two.git');
  expect(host.request).toEqual({ source: { url: '/one.git' }, target: { url: '/two.git' } });
});

test('probe', async () => {
  const words = 'probe --all-refs --ref-prefix refs/pull/ --exclude-ref-prefix refs/x/ --protocol v2 /one.git /two.git';
  expect(await host.run(...words.split(' '))).toBe(0);
  expect(host.request).toEqual({
    source: { url: '/one.git' },
    target: { url: '/two.git' },
    allRefs: true,
    refPrefixes: ['refs/pull/'],
    excludeRefPrefixes: ['refs/x/'],
    protocol: 'v2',
  });
  expect(host.out).toMatchInlineSnapshot(`
    "Source  /one.git
    Protocol v2, HEAD main, 1 ref (1 branch)
    Capabilities:
      ls-refs=unborn fetch=shallow

    OBJECT                                    REF
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  refs/heads/main  HEAD

    Target  /two.git
    Capabilities:
      report-status atomic
    "
  `);
});

test('each command calls its method, and a dry run is a plan', async () => {
  await host.run('plan', '/one.git', '/two.git');
  await host.run('plan', '--mode', 'replicate', '/one.git', '/two.git');
  await host.run('sync', '-n', '--target-max-pack-bytes', '1m', '/one.git', '/two.git');
  await host.run('replicate', '--dry-run', '/one.git', '/two.git');
  await host.run('replicate', '/one.git', '/two.git');
  await host.run('bootstrap', '/one.git', '/two.git');
  expect(host.err).toBe('');
  const policyOf = (request: object) => ('policy' in request ? request.policy : undefined);
  expect(host.calls.map(({ method, request }) => [method, policyOf(request)])).toEqual([
    ['plan', undefined],
    ['plan', { mode: 'replicate' }],
    ['plan', { mode: 'sync' }],
    ['plan', { mode: 'replicate' }],
    ['replicate', undefined],
    ['bootstrap', undefined],
  ]);
});

test('sync of all refs is tolerant unless told otherwise', async () => {
  const policyOf = async (...words: string[]): Promise<unknown> => {
    host = new FakeHost();
    expect(await host.run(...words, '/one.git', '/two.git')).toBe(0);
    return (host.request as PlanRequest).policy;
  };
  expect(await policyOf('sync', '--all-refs')).toEqual({ bestEffort: true });
  expect(await policyOf('sync', '--all-refs', '--no-best-effort')).toEqual({ bestEffort: false });
  expect(await policyOf('sync', '--all-refs', '--atomic')).toEqual({ atomic: true });
  expect(await policyOf('replicate', '--all-refs')).toBeUndefined();
});

test.each([
  ['sync', '--force-blind --force', '--force-blind contradicts forceWithLease'],
  ['sync', '--branch main --all-refs', '--all-refs contradicts branches'],
  ['sync', '--atomic --best-effort', '--atomic contradicts bestEffort'],
  ['sync', '--max-prune-percent 5', '--max-prune-percent needs prune'],
  ['replicate', '--force', '--force-with-lease does not apply to replicate'],
  ['sync', '--map a/*:b', "--map needs '*' on both sides or neither"],
  ['sync', '--branch a..b', '--branch is not a legal ref name'],
  ['sync', '--quiet --verbose', '--quiet contradicts --verbose'],
  ['sync', '--map a:b:c', 'Give SOURCE:TARGET'],
  [
    'sync',
    '--protocol v9',
    "Option '--protocol <version>' argument 'v9' is invalid. Allowed choices are auto, v1, v2.",
  ],
  [
    'sync',
    '--max-pack-bytes lots',
    "Option '--max-pack-bytes <size>' argument 'lots' is invalid. Give a number of bytes",
  ],
  ['sync', '--brunch main', "Unknown option '--brunch'. Did you mean --branch? See `git mirror sync --help`."],
  ['synk', '', "Unknown command 'synk'. Did you mean sync? See `git mirror -h`."],
])('git mirror %s %s is refused at once', async (command, flags, sentence) => {
  const words = [command, ...flags.split(' ').filter((word) => word !== ''), '/one.git', '/two.git'];
  expect(await host.run(...words)).toBe(2);
  expect(host.calls).toEqual([]);
  expect(host.out).toBe('');
  expect(host.err).toMatch(/^git-mirror: .* \(GM_USAGE\)\n$/);
  expect(host.err).toContain(sentence);
});

test('missing and surplus arguments', async () => {
  expect(await host.run('sync', '/one.git')).toBe(2);
  expect(host.err).toContain("Missing required argument 'target'. See `git mirror sync --help`.");
  expect(await host.run('bootstrap', '/one.git', '/two.git', 'https://user:hunter22@host/')).toBe(2);
  expect(host.err).toContain("Too many arguments for 'bootstrap'. Expected 2 arguments but got 3.");
  expect(host.err).not.toContain('hunter22');
});

test('without a command the help is shown and the status is usage', async () => {
  expect(await host.run()).toBe(2);
  expect(host.err).toContain('Usage: git mirror [options] <command>');
  expect(host.out).toBe('');
});

const blocked = { counts: { ...noRefs, blocked: 1 } };

test.each<[string, Partial<SyncResult>, number]>([
  ['a finished run', {}, 0],
  ['warnings', { counts: { ...noRefs, warned: 1 } }, 0],
  ['blocked refs', blocked, 3],
  ['blocked refs at one target', { targets: [syncResult, { ...syncResult, ...blocked }] }, 3],
  ['one failed target', { targets: [syncResult, { ...syncResult, error: errorInfo('GM_NETWORK') }] }, 1],
  [
    'failed beside blocked',
    {
      targets: [
        { ...syncResult, ...blocked },
        { ...syncResult, error: errorInfo('GM_TLS') },
      ],
    },
    1,
  ],
  ['a target that failed as blocked', { targets: [{ ...syncResult, error: errorInfo('GM_BLOCKED') }, syncResult] }, 3],
])('exit status of %s', async (_what, more, status) => {
  host.answer = async () => ({ ...syncResult, ...more });
  expect(await host.run('sync', '--quiet', '/one.git', '/two.git')).toBe(status);
  expect(host.out).toBe('');
});

function errorInfo(code: 'GM_NETWORK' | 'GM_BLOCKED' | 'GM_TLS') {
  return { code, message: 'x', retryable: false, details: {} };
}

test('an unexpected error is called what it is', async () => {
  host.answer = () => Promise.reject(new TypeError('x is not a function'));
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(1);
  expect(host.err).toContain('Something went wrong that should not: x is not a function.');
  expect(host.err).toContain('(GM_INTERNAL)');
  host.err = '';
  await host.run('sync', '--verbose', '/one.git', '/two.git');
  expect(host.err).toContain('caused by: x is not a function');
  expect(host.err).toMatch(/^ {4}at /m);
});

test.each(commandSpecs.map(({ name }) => name))('help of %s has examples and exit statuses', async (name) => {
  expect(await host.run(name, '--help')).toBe(0);
  expect(host.out).toContain(`Usage: git mirror ${name}`);
  expect(host.out).toContain(`\n  git mirror ${name} `);
  expect(host.out).toContain('Exit status:\n  0  ');
  const viaHelp = new FakeHost();
  expect(await viaHelp.run('help', name)).toBe(0);
  expect(viaHelp.out).toBe(host.out);
});

/** Commands that run git in the repository around them, and talk to whom it names: their examples are only parsed. */
const withGit: ReadonlySet<string> = new Set([
  'clone',
  'fetch',
  'list',
  'add',
  'remove',
  'prefer',
  'clean',
  'rank',
  'sign',
  'verify',
]);

test.each(commandSpecs.flatMap(({ examples }) => examples.map(({ command }) => command)))(
  'the example `git mirror %s` is valid',
  async (command) => {
    const words = command.split(' ');
    if (withGit.has(words[0] ?? '')) {
      const names: string[] = [];
      const program = buildProgram(async ({ name }) => void names.push(name));
      await program.parseAsync(words, { from: 'user' });
      expect(names).toEqual([words[0]]);
      return;
    }
    // One of them writes a report.
    await using folder = await makeTemporaryFolder();
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      const status = await host.run(...words);
      expect(host.err).toBe('');
      expect(status).toBe(0);
    } finally {
      process.chdir(before);
    }
  },
);

test('the version', async () => {
  expect(await host.run('--version')).toBe(0);
  expect(host.out).toMatch(/^git-mirror \d+\.\d+\.\d+/);
});
