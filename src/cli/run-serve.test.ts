import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeHost } from '../../test/cli/fake-host.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';

let folder: TemporaryFolder;
let host: FakeHost;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());
beforeEach(() => {
  host = new FakeHost();
});

async function configFile(content: unknown): Promise<string> {
  const path = join(folder.path, 'serve.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('git mirror serve', () => {
  test('hands the folder, the addresses, the backend and the limits on', async () => {
    const words =
      '--export-all --allow-push --listen 0.0.0.0:80 --git-listen 9418 --metrics-listen [::1]:9419 --backend canary:5% ' +
      '--advertise git --namespace team --workers 3 --pack-cache /cache --pack-cache-bytes 0 --drain 5s --max-requests 7 ' +
      '--max-requests-per-client 2 --max-request-bytes 1m --request-time 10s --total-time 1h --max-wants 1 --max-haves 2 ' +
      '--max-shallows 3 --max-depth 4 --max-filter-length 5 --max-filter-nesting 6 --max-pkt-line-bytes 1000 --public-url https://git.example.org/ ' +
      '--trusted-proxy 192.0.2.1 --trusted-proxy 10.0.0.0/8 --geoip-database /var/geo.mmdb /srv/git';
    expect(await host.run('serve', ...words.split(' '))).toBe(0);
    expect(host.out).toBe('a line\n');
    expect(host.serveOptions).toMatchObject({
      root: '/srv/git',
      exportAll: true,
      allowPush: true,
      listen: { host: '0.0.0.0', port: 80 },
      nextFreePort: false,
      gitListen: { port: 9418 },
      metricsListen: { host: '::1', port: 9419 },
      backend: 'canary:5',
      advertise: 'git',
      namespace: 'team',
      workers: 3,
      cacheDir: '/cache',
      cacheBytes: 0,
      drainMs: 5000,
      mirrors: {
        publicUrl: 'https://git.example.org/',
        trustedProxies: ['192.0.2.1', '10.0.0.0/8'],
        geoipDatabase: '/var/geo.mmdb',
      },
      limits: {
        maxConcurrentRequests: 7,
        maxRequestsPerClient: 2,
        maxRequestBytes: 1024 * 1024,
        requestTimeMs: 10_000,
        totalTimeMs: 3_600_000,
        maxWants: 1,
        maxHaves: 2,
        maxShallows: 3,
        maxDepth: 4,
        maxFilterLength: 5,
        maxFilterNesting: 6,
        maxPktLineBytes: 1000,
      },
    });
  });

  test('what is not set keeps the defaults of the server', async () => {
    expect(await host.run('serve', '/srv/git')).toBe(0);
    expect(host.serveOptions).toMatchObject({ root: '/srv/git', nextFreePort: true, limits: {} });
    expect(host.serveOptions?.backend).toBeUndefined();
  });

  test('flags win over variables, variables over the file', async () => {
    const config = await configFile({
      'max-wants': 10,
      maxHaves: '20',
      maxDepth: 30,
      backend: 'git',
      'export-all': true,
      listen: '127.0.0.1:7000',
      'request-time': '5s',
    });
    host.env = { GIT_MIRROR_MAX_HAVES: '200', GIT_MIRROR_MAX_DEPTH: '300', GIT_MIRROR_BACKEND: 'canary:1' };
    expect(await host.run('serve', '--config', config, '--max-depth', '3000', '/srv/git')).toBe(0);
    expect(host.serveOptions).toMatchObject({
      backend: 'canary:1',
      exportAll: true,
      listen: { host: '127.0.0.1', port: 7000 },
      limits: { maxWants: 10, maxHaves: 200, maxDepth: 3000, requestTimeMs: 5000 },
    });
  });

  test('the file may be named by a variable, for up as well', async () => {
    host.env = { GIT_MIRROR_CONFIG: await configFile({ backend: 'git', interval: '2m', 'max-requests': 5 }) };
    expect(await host.run('up', '--data', '/d', 'https://host/a.git')).toBe(0);
    expect(host.upOptions).toMatchObject({ backend: 'git', intervalMs: 120_000, limits: { maxConcurrentRequests: 5 } });
  });

  test.each([
    ['{', /cannot be read/],
    [{ 'max-want': 1 }, /"max-want": There is no such setting for serve/],
    [{ config: 'x' }, /"config": There is no such setting/],
    [{ 'max-wants': 0 }, /"max-wants": Give a whole number above 0/],
    [{ backend: 'apache' }, /"backend": Give native, git or canary/],
    [{ advertise: 'apache' }, /"advertise": Give one of native, git/],
    [{ 'export-all': 'perhaps' }, /"export-all": Give true or false/],
    [{ 'max-wants': { a: 1 } }, /"max-wants": It is neither text/],
    [[], /It /],
  ])('the file %j is refused', async (content, message) => {
    const config = await configFile(content);
    expect(await host.run('serve', '--config', config, '/srv/git')).toBe(2);
    expect(host.err).toMatch(message);
    expect(host.err).toContain(config);
    expect(host.serveOptions).toBeUndefined();
  });

  test.each([
    [['serve'], /root/],
    [['serve', '--backend', 'canary', '/x'], /--backend/],
    [['serve', '--backend', 'canary:101', '/x'], /canary:PERCENT/],
    [['serve', '--max-depth', '-1', '/x'], /--max-depth/],
    [['serve', '--config', '/does/not/exist', '/x'], /\/does\/not\/exist cannot be read/],
  ])('%j is wrong usage', async (words, message) => {
    expect(await host.run(...words)).toBe(2);
    expect(host.err).toMatch(message);
  });
});
