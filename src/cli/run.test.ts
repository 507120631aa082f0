import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GitMirrorError } from '../core/error.ts';
import type { UpOptions } from '../node/run-up.ts';
import type { Options } from '../sync/client.ts';
import type { CallOptions } from '../sync/progress.ts';
import type { PlanRequest, ProbeRequest } from '../sync/request.ts';
import type { ProbeResult, SyncCounts, SyncResult } from '../sync/result.ts';
import { validateProbeRequest, validateSyncRequest } from '../sync/validate-request.ts';
import type { EndpointAuth } from '../transport/endpoint.ts';
import type { Host, StopSignal } from './host.ts';
import { commandSpecs } from './program.ts';
import { run } from './run.ts';

const noStats = { enabled: false, items: {}, sides: [], elapsedMs: 0 };
const noMeasurement = { enabled: false, elapsedMillis: 5, peakHeapBytes: 0, peakRssBytes: 0 };
const counts: SyncCounts = { applied: 0, skipped: 0, blocked: 0, deleted: 0, warned: 0 };

const syncResult: SyncResult = {
  sourceUrl: '/one.git',
  targetUrl: '/two.git',
  refs: [],
  counts,
  execution: {
    dryRun: false,
    protocol: 'v2',
    operationMode: 'sync',
    relay: true,
    transferMode: 'none',
    reason: 'every ref is up to date',
    bootstrapSuggested: false,
    sourceHead: 'refs/heads/main',
    batch: { enabled: false, planned: 0, done: 0 },
  },
  stats: noStats,
  measurement: noMeasurement,
};

const probeResult: ProbeResult = {
  sourceUrl: '/one.git',
  targetUrl: '/two.git',
  requestedMode: 'auto',
  protocol: 'v2',
  refPrefixes: ['refs/heads/'],
  sourceCapabilities: ['ls-refs=unborn', 'fetch=shallow'],
  targetCapabilities: ['report-status', 'atomic'],
  refs: [{ name: 'refs/heads/main', hash: 'a'.repeat(40) }],
  sourceHead: 'refs/heads/main',
  stats: noStats,
  measurement: noMeasurement,
};

interface Call {
  readonly method: string;
  readonly request: PlanRequest | ProbeRequest;
  readonly options: CallOptions;
}

/** A process in which nothing is real; requests are checked as the library checks them. */
class FakeHost implements Host {
  env: NodeJS.ProcessEnv = {};
  out = '';
  err = '';
  input = '';
  inputReads = 0;
  calls: Call[] = [];
  clientOptions: Options | undefined;
  exits: number[] = [];
  listeners = new Set<(signal: StopSignal) => void>();
  answer: (call: Call) => Promise<SyncResult | ProbeResult> = async ({ method }) =>
    method === 'probe' ? probeResult : syncResult;
  stdout = { write: (text: string) => (this.out += text), isTTY: false, columns: undefined as number | undefined };
  stderr = { write: (text: string) => (this.err += text), isTTY: false, columns: undefined as number | undefined };

  readStandardInput = async (): Promise<string> => {
    this.inputReads += 1;
    return this.input;
  };

  openClient: Host['openClient'] = async (options) => {
    this.clientOptions = options;
    const call =
      (method: string, mode?: 'sync' | 'replicate') =>
      async (request: PlanRequest, callOptions: CallOptions = {}): Promise<SyncResult> => {
        await validateSyncRequest(request, mode);
        this.calls.push({ method, request, options: callOptions });
        return (await this.answer({ method, request, options: callOptions })) as SyncResult;
      };
    return {
      probe: async (request, callOptions = {}) => {
        validateProbeRequest(request);
        this.calls.push({ method: 'probe', request, options: callOptions });
        return (await this.answer({ method: 'probe', request, options: callOptions })) as ProbeResult;
      },
      plan: call('plan'),
      sync: call('sync', 'sync'),
      replicate: call('replicate', 'replicate'),
      bootstrap: call('bootstrap', 'sync'),
    };
  };

  upOptions: UpOptions | undefined;
  runUp: Host['runUp'] = async (options) => {
    this.upOptions = options;
    options.write('a line\n');
    return 0;
  };

  onStopSignal = (listener: (signal: StopSignal) => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  exitNow = (status: number): void => {
    this.exits.push(status);
  };

  send(signal: StopSignal): void {
    for (const listener of this.listeners) listener(signal);
  }

  run(...words: string[]): Promise<number> {
    return run(words, this);
  }

  get request(): unknown {
    return this.calls[0]?.request;
  }
}

let host: FakeHost;
let folder: string;
beforeEach(async () => {
  host = new FakeHost();
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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

test('flags in front of the command count, and those behind it win', async () => {
  expect(await host.run('--json', 'sync', '/one.git', '/two.git')).toBe(0);
  expect(JSON.parse(host.out)).toEqual(syncResult);
  expect(await host.run('--verbose', 'sync', '--quiet', '/one.git', '/two.git')).toBe(2);
});

test('with --json standard output holds one document and nothing else', async () => {
  host.stderr.isTTY = true;
  await host.run('probe', '--json', '/one.git');
  expect(JSON.parse(host.out)).toEqual(probeResult);

  host.out = '';
  host.answer = async () => {
    throw new GitMirrorError('GM_BUSY', 'Too much to do.', { details: { retryAfterMs: 1000 } });
  };
  expect(await host.run('sync', '--json', '/one.git', '/two.git')).toBe(1);
  expect(JSON.parse(host.out)).toEqual({
    error: { code: 'GM_BUSY', message: 'Too much to do.', retryable: true, details: { retryAfterMs: 1000 } },
  });

  host.out = '';
  expect(await host.run('sync', '--json', '--nonsense')).toBe(2);
  expect(JSON.parse(host.out)).toMatchObject({ error: { code: 'GM_USAGE', retryable: false } });

  host.out = '';
  host.env = { GIT_MIRROR_JSON: 'yes' };
  expect(await host.run('synk')).toBe(2);
  expect(JSON.parse(host.out)).toMatchObject({ error: { code: 'GM_USAGE' } });
});

test('characters that act on a terminal are escaped in JSON, and nothing is lost', async () => {
  const refs = [{ name: 'refs/heads/\u202eevil\u009b31m', hash: 'a'.repeat(40) }];
  host.answer = async () => ({ ...probeResult, refs });
  await host.run('probe', '--json', '/one.git');
  expect(host.out).not.toMatch(/[\u0080-\u009f\u202e]/);
  expect(JSON.parse(host.out)).toMatchObject({ refs });
});

const blocked = { counts: { ...counts, blocked: 1 } };

test.each<[string, Partial<SyncResult>, number]>([
  ['a finished run', {}, 0],
  ['warnings', { counts: { ...counts, warned: 1 } }, 0],
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

async function authOf(): Promise<readonly (EndpointAuth | undefined)[]> {
  const endpoint = { url: 'https://host/x' };
  const auth = host.clientOptions?.auth;
  return Promise.all([auth?.authFor(endpoint, 'source'), auth?.authFor(endpoint, 'target')]);
}

test('without credentials the library goes its own way', async () => {
  await host.run('sync', '/one.git', '/two.git');
  expect(host.clientOptions?.auth).toBeUndefined();
});

test('credentials come from the environment, and from flags before it', async () => {
  host.env = {
    GIT_MIRROR_SOURCE_TOKEN: 'env-source-token',
    GIT_MIRROR_SOURCE_USERNAME: 'me',
    GIT_MIRROR_TARGET_BEARER_TOKEN: 'env-target-bearer',
    GIT_MIRROR_TARGET_SKIP_TLS_VERIFY: '1',
  };
  await host.run('sync', '/one.git', '/two.git');
  expect(await authOf()).toEqual([
    { username: 'me', token: 'env-source-token' },
    { bearerToken: 'env-target-bearer', skipTlsVerify: true },
  ]);
  await host.run(
    'sync',
    '--source-bearer-token',
    'flag-bearer',
    '--target-token',
    'flag-token',
    '/one.git',
    '/two.git',
  );
  expect(await authOf()).toEqual([
    { username: 'me', bearerToken: 'flag-bearer' },
    { token: 'flag-token', skipTlsVerify: true },
  ]);
});

test('tokens come from files and from standard input', async () => {
  const path = join(folder, 'token');
  await writeFile(path, 'file-token\r\nmore\n');
  host.input = 'input-token\n';
  host.env = { GIT_MIRROR_SOURCE_TOKEN: 'loses' };
  const words = ['--source-token-file', path, '--target-bearer-token-file', '-', '/one.git', '/two.git'];
  expect(await host.run('sync', ...words)).toBe(0);
  expect(await authOf()).toEqual([{ token: 'file-token' }, { bearerToken: 'input-token' }]);
  expect(host.inputReads).toBe(1);

  host.env = { GIT_MIRROR_TARGET_TOKEN_FILE: path };
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(0);
  expect(await authOf()).toEqual([undefined, { token: 'file-token' }]);
});

test.each([
  [['--source-token', 'one-secret', '--source-token-file', 'x'], '--source-token: it is given together with'],
  [
    ['--source-token', 'one-secret', '--source-bearer-token', 'two-secret'],
    '--source-token: it is given together with',
  ],
  [['--source-token-file', '-', '--target-token-file', '-'], '--target-token-file: standard input already holds'],
  [['--source-token-file', '/nonexistent/x'], '--source-token-file: cannot read /nonexistent/x: ENOENT'],
  [['--source-token-file', '/dev/null'], '--source-token-file: the first line of /dev/null is empty'],
  [['--source-token='], "Option '--source-token <token>' argument '' is invalid. It is empty."],
])('credentials that cannot be: %j', async (flags, sentence) => {
  host.input = 'input-secret';
  expect(await host.run('sync', ...flags, '/one.git', '/two.git')).toBe(2);
  expect(host.err).toContain(sentence);
  expect(host.err).not.toMatch(/one-secret|two-secret|input-secret/);
  expect(host.calls).toEqual([]);
});

test('secrets stay out of everything that is written', async () => {
  const secrets = ['source-s3cret', 'target-s3cret', 'url-s3cret'];
  host.answer = async () => {
    throw new GitMirrorError('GM_AUTH', `Refused: ${secrets.join(' ')}.`, {
      details: { told: secrets },
      cause: new Error(`deep ${secrets.join(' ')}`),
    });
  };
  const words = ['--source-token', 'source-s3cret', 'https://me:url-s3cret@host/one.git', 'https://host/two.git'];
  host.env = { GIT_MIRROR_TARGET_TOKEN: 'target-s3cret' };
  expect(await host.run('sync', '--verbose', ...words)).toBe(1);
  expect(host.err).toContain('Refused: *** *** ***.');
  expect(host.err).toContain('caused by: deep *** *** ***');
  expect(await host.run('sync', '--json', ...words)).toBe(1);
  expect(host.out + host.err).not.toContain('s3cret');

  host.err = '';
  expect(await host.run('sync', '--source-tokn=source-s3cret', '/one.git', '/two.git')).toBe(2);
  expect(host.err).toContain("Unknown option '--source-tokn'.");
});

test('the first signal cuts the run off, a later one ends the process', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    host.answer = ({ options }) =>
      new Promise((_resolve, reject) => {
        options.signal?.addEventListener('abort', () => {
          reject(new GitMirrorError('GM_NETWORK', 'cut off'));
        });
        host.send('SIGINT');
        vi.advanceTimersByTime(20);
        host.send('SIGINT');
        expect(host.exits).toEqual([]);
        vi.advanceTimersByTime(300);
        host.send('SIGINT');
      });
    expect(await host.run('sync', '/one.git', '/two.git')).toBe(130);
    expect(host.exits).toEqual([130]);
    expect(host.err).toBe('git-mirror: stopping. Press Ctrl-C again to stop at once.\n');
    expect(host.out).toBe('');
    expect(host.listeners.size).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('other signals have their own status', async () => {
  host.answer = async ({ options }) => {
    host.send('SIGTERM');
    options.signal?.throwIfAborted();
    return syncResult;
  };
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(143);
});

test('the packet trace goes where the variable says', async () => {
  const path = join(folder, 'trace');
  host.answer = async () => {
    host.clientOptions?.tracePacket?.('a line');
    return syncResult;
  };
  host.env = { GIT_MIRROR_TRACE_PACKET: path };
  await host.run('sync', '/one.git', '/two.git');
  await host.run('sync', '/one.git', '/two.git');
  expect(await readFile(path, 'utf8')).toBe('a line\na line\n');

  for (const setting of ['1', '2', 'TRUE']) {
    host.err = '';
    host.env = { GIT_MIRROR_TRACE_PACKET: setting };
    await host.run('sync', '/one.git', '/two.git');
    expect(host.err).toBe('a line\n');
  }
  host.err = '';
  host.env = { GIT_MIRROR_TRACE_PACKET: '0' };
  await host.run('sync', '/one.git', '/two.git');
  expect(host.err).toBe('');

  host.env = { GIT_MIRROR_TRACE_PACKET: folder };
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(2);
  expect(host.err).toContain('GIT_MIRROR_TRACE_PACKET: cannot open');
});

test('colours follow the flag, NO_COLOR, FORCE_COLOR and the terminal, in that order', async () => {
  const isColoured = async (env: NodeJS.ProcessEnv, isTTY: boolean, ...flags: string[]) => {
    host = new FakeHost();
    host.env = env;
    host.stdout.isTTY = isTTY;
    await host.run('sync', ...flags, '/one.git', '/two.git');
    return host.out.includes('\u001b[');
  };
  expect(await isColoured({}, false)).toBe(false);
  expect(await isColoured({}, true)).toBe(true);
  expect(await isColoured({ TERM: 'dumb' }, true)).toBe(false);
  expect(await isColoured({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
  expect(await isColoured({ FORCE_COLOR: '1' }, false)).toBe(true);
  expect(await isColoured({ FORCE_COLOR: '0' }, true)).toBe(false);
  expect(await isColoured({ NO_COLOR: '1' }, false, '--color')).toBe(true);
  expect(await isColoured({ FORCE_COLOR: '1' }, true, '--no-color')).toBe(false);
});

test('progress is shown on a terminal, and elsewhere only when asked for', async () => {
  const listens = async (isTTY: boolean, ...flags: string[]) => {
    host = new FakeHost();
    host.stderr.isTTY = isTTY;
    await host.run('sync', ...flags, '/one.git', '/two.git');
    return host.calls[0]?.options.onProgress !== undefined;
  };
  expect(await listens(false)).toBe(false);
  expect(await listens(true)).toBe(true);
  expect(await listens(true, '--quiet')).toBe(false);
  expect(await listens(true, '--no-progress')).toBe(false);
  expect(await listens(false, '--progress')).toBe(true);
});

test('up hands its flags to the node', async () => {
  host.env = { GIT_MIRROR_SOURCE_TOKEN: 'a-source-token' };
  const words = 'up --data /srv/x --listen [::1]:80 --interval 5m --once --json -v https://host/one.git ../two';
  expect(await host.run(...words.split(' '))).toBe(0);
  expect(host.upOptions).toMatchObject({
    repositories: ['https://host/one.git', '../two'],
    dataDir: '/srv/x',
    listen: { host: '::1', port: 80 },
    nextFreePort: false,
    intervalMs: 300_000,
    once: true,
    json: true,
    verbose: true,
  });
  expect(host.out).toBe('a line\n');
  expect((await authOf())[0]).toEqual({ token: 'a-source-token' });
  expect(host.upOptions?.signal?.aborted).toBe(false);

  host.env = { XDG_DATA_HOME: '/data' };
  await host.run('up');
  expect(host.upOptions).toMatchObject({ repositories: [], dataDir: '/data/git-mirror', nextFreePort: true });
});

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

test.each(commandSpecs.flatMap(({ examples }) => examples.map(({ command }) => command)))(
  'the example `git mirror %s` is valid',
  async (command) => {
    const status = await host.run(...command.split(' '));
    expect(host.err).toBe('');
    expect(status).toBe(0);
  },
);

test('the version', async () => {
  expect(await host.run('--version')).toBe(0);
  expect(host.out).toMatch(/^git-mirror \d+\.\d+\.\d+/);
});
