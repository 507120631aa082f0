import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { notifyOrigin } from '../../../src/client/notify-origin.ts';
import { ServiceTally } from '../../../src/client/service-tally.ts';
import type { ServingOptions } from '../../../src/node/node-server.ts';
import { repositoryDigest } from '../../../src/server/mirrors/repository-digest.ts';
import type { MirrorNotice } from '../../../src/wire/mirrors/mirror-list.ts';
import { makeRepository } from '../../repositories/make-repository.ts';
import type { Repository } from '../../repositories/repository.ts';
import { runGit } from '../../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../repositories/temporary-folder.ts';
import {
  askMirrors,
  getJson,
  pathIn,
  postNotice,
  serveFolder,
  serveHttp,
  serveTcp,
  type ServedFolder,
} from './served-folder.ts';

let folder: TemporaryFolder;
let mirror: ServedFolder;
/** On the mirror: a true copy, one that is behind, and one that says nothing of mirrors. */
let original: Repository;
let digest: string;
let next = 0;
let ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  original = await makeRepository(join(folder.path, 'original.git'), { commits: 4, branches: 2, tags: 2 });
  digest = repositoryDigest(original.path, process.env);
  mirror = await serveFolder(join(folder.path, 'mirror'));
  for (const name of ['x.git', 'plain.git', 'behind.git']) {
    await runGit(['clone', '-q', '--mirror', original.path, pathIn(mirror, name)]);
  }
  await runGit(['-C', pathIn(mirror, 'x.git'), 'config', 'mirror.advertise', 'true']);
  await runGit(['-C', pathIn(mirror, 'behind.git'), 'update-ref', '-d', 'refs/heads/topic-1']);
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});
afterAll(async () => {
  await mirror.close();
  await folder[Symbol.asyncDispose]();
});

/** An origin that takes notices from hosts that are called 127.0.0.1, unless told otherwise. */
async function origin(
  settings: Readonly<Record<string, string>> = { 'mirror.notifyHost': '127.0.0.1' },
  options: ServingOptions = {},
): Promise<{ readonly server: ServedFolder; readonly url: string; readonly path: string }> {
  next += 1;
  const root = join(folder.path, `origin-${String(next)}`);
  const server = await serveFolder(root, options);
  ends.push(() => server.close());
  const path = join(root, 'x.git');
  await runGit(['clone', '-q', '--mirror', original.path, path]);
  for (const [key, value] of Object.entries({ 'mirror.advertise': 'true', 'mirror.notify': 'true', ...settings })) {
    await runGit(['-C', path, 'config', '--add', key, value]);
  }
  return { server, url: `${server.url}x.git`, path };
}

const notice = (at: string, more: Partial<MirrorNotice> = {}): MirrorNotice => ({
  at,
  digest,
  ttlSeconds: 3600,
  ...more,
});

function notify(url: string, what: MirrorNotice): ReturnType<typeof notifyOrigin> {
  return notifyOrigin(
    { endpoint: { url }, userAgent: 'test/1', tally: new ServiceTally('test'), env: process.env },
    what,
  );
}

async function mirrorsOf(url: string): Promise<readonly Record<string, unknown>[]> {
  const answer = await askMirrors(url);
  return answer.kind === 'list' ? answer.list.mirrors.map((entry) => ({ ...entry })) : [];
}

describe('M7: mirror-notify', () => {
  test.each([
    ['that tells its digest', (): string => `${mirror.url}x.git`],
    ['whose refs have to be listed', (): string => `${mirror.url}plain.git`],
    ['of git://', (): string => `${mirror.gitUrl}x.git`],
  ])('a mirror %s is called back and listed as current', async (_what, at) => {
    const { url } = await origin();
    expect(await notify(url, notice(at()))).toEqual({ kind: 'ok' });
    const [entry, ...others] = await mirrorsOf(url);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ url: at(), state: 'current', digest });
    expect(entry?.['ttlSeconds']).toBeGreaterThan(3000);
  });

  test('over git:// and over JSON the same is said', async () => {
    const { server, url } = await origin();
    const at = `${mirror.url}x.git`;
    expect(await notify(`${server.gitUrl}x.git`, notice(at))).toEqual({ kind: 'ok' });
    expect(await postNotice(url, { at, digest, ttl: 60 })).toEqual({ status: 200, body: { answer: 'ok' } });
    expect(await mirrorsOf(url)).toHaveLength(1);
  });

  test('what was seen counts, not what was said', async () => {
    const { url } = await origin();
    const at = `${mirror.url}behind.git`;
    expect(await notify(url, notice(at))).toEqual({ kind: 'ok' });
    const [entry] = await mirrorsOf(url);
    expect(entry).toMatchObject({ url: at, state: 'partial' });
    expect(entry?.['digest']).toBe(repositoryDigest(pathIn(mirror, 'behind.git'), process.env));
    expect(entry?.['digest']).not.toBe(digest);
  });

  test('a mirror that is current is no longer when the origin moves on', async () => {
    const { url, path } = await origin();
    await notify(url, notice(`${mirror.url}x.git`));
    await runGit(['-C', path, 'update-ref', 'refs/heads/new', 'refs/heads/main']);
    expect(await mirrorsOf(url)).toMatchObject([{ state: 'partial' }]);
  });

  test('one that is far behind, with no ref that is as here, is a mirror all the same', async () => {
    const name = 'far-behind.git';
    await runGit(['clone', '-q', '--bare', '--single-branch', original.path, pathIn(mirror, name)]);
    await runGit(['-C', pathIn(mirror, name), 'update-ref', 'refs/heads/main', 'refs/heads/main~2']);
    for (const tag of ['v1', 'v2']) await runGit(['-C', pathIn(mirror, name), 'tag', '-d', tag]);
    const { url } = await origin();
    expect(await notify(url, notice(`${mirror.url}${name}`))).toEqual({ kind: 'ok' });
    expect(await mirrorsOf(url)).toMatchObject([{ state: 'partial' }]);
  });

  test('one that is configured, too, keeps its place and its region', async () => {
    const at = `${mirror.url}x.git`;
    const { url, path } = await origin();
    await runGit(['-C', path, 'config', '--add', 'mirror.mirrorUrl', 'https://first.example.org/x.git']);
    await runGit(['-C', path, 'config', '--add', 'mirror.mirrorUrl', `${at} region=NZ`]);
    await notify(url, notice(at));
    expect(await mirrorsOf(url)).toMatchObject([{ state: 'unknown' }, { url: at, region: 'NZ', state: 'current' }]);
  });

  test('a restart forgets nothing, and time does', async () => {
    const { server, url, path } = await origin();
    await notify(url, notice(`${mirror.url}x.git`));
    await server.close();
    const again = await serveFolder(server.root);
    ends.push(() => again.close());
    expect(await mirrorsOf(`${again.url}x.git`)).toMatchObject([{ state: 'current' }]);
    const file = join(path, 'git-mirror', 'mirrors.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/"expiresAtMs": \d+/, `"expiresAtMs": ${String(Date.now() - 1)}`));
    expect(await mirrorsOf(`${again.url}x.git`)).toEqual([]);
  });

  test.each(['{', '{"version":1,"mirrors":[{"url":"ext::sh -c x"}]}', '[]', 'x'.repeat(9 * 1024 * 1024)])(
    'a file that nobody of us has written counts for nothing: %.30s',
    async (text) => {
      const { server, url, path } = await origin();
      await notify(url, notice(`${mirror.url}x.git`));
      await writeFile(join(path, 'git-mirror', 'mirrors.json'), text);
      expect(await mirrorsOf(url)).toEqual([]);
      expect(server.warnings.join('\n')).toContain('mirrors.json');
      expect(await notify(url, notice(`${mirror.url}plain.git`))).toEqual({ kind: 'ok' });
      expect(await mirrorsOf(url)).toHaveLength(1);
    },
  );

  test('without mirror.notify notices are passed over, without mirror.advertise nothing is known of them', async () => {
    const { url, path } = await origin({ 'mirror.notify': 'false' });
    expect(await notify(url, notice(`${mirror.url}x.git`))).toEqual({ kind: 'ignored' });
    await runGit(['-C', path, 'config', '--replace-all', 'mirror.advertise', 'false']);
    expect(await notify(url, notice(`${mirror.url}x.git`))).toEqual({ kind: 'unknown' });
  });

  test('stock servers know nothing of it', async () => {
    const web = await serveHttp((_request, response) => {
      response.writeHead(404).end('<html>no</html>');
    });
    ends.push(() => web.close());
    await expect(notify(web.url, notice(`${mirror.url}x.git`))).rejects.toMatchObject({ code: 'GM_NOT_FOUND' });
    const { url } = await origin({}, { backend: 'git' });
    expect(await notify(url, notice('ftp://x/y'))).toMatchObject({ kind: 'refused' });
  });
});

describe('M7: what is refused', () => {
  const refused = (text: string): unknown => ({ kind: 'refused', reason: expect.stringContaining(text) as string });

  test.each([
    ['ftp://mirror.example.org/x.git', 'http, https or git'],
    ['file:///srv/git/x.git', 'http, https or git'],
    ['ext::sh', 'http, https or git'],
    ['ssh://mirror.example.org/x.git', 'http, https or git'],
    ['--upload-pack=x', 'http, https or git'],
    ['https://user:secret@mirror.example.org/x.git', 'no user'],
    ['https://user@mirror.example.org/x.git', 'no user'],
    ['https://mirror.example.org/x.git?a=b', 'http, https or git'],
    ['https://mirror.example.org/x.git#a', 'http, https or git'],
    ['https://exa$mple/x.git', 'malformed'],
    ['git://mirror.example.org/', 'name a path'],
  ])('the URL %s', async (at, text) => {
    const { url } = await origin({});
    expect(await notify(url, notice(at))).toEqual(refused(text));
  });

  test('a host that may not register', async () => {
    const { url } = await origin({ 'mirror.notifyHost': '*.example.org' });
    expect(await notify(url, notice(`${mirror.url}x.git`))).toEqual(refused('mirrors at this host are not taken here'));
    expect(await notify(url, notice('https://example.org.evil.test/x.git'))).toEqual(refused('not taken here'));
  });

  test.each([
    '127.0.0.1',
    '127.1',
    '0x7f000001',
    '2130706433',
    '0.0.0.0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '10.0.0.1',
    '169.254.169.254',
    'localhost',
  ])('an address inside, %s, unless its very name is allowed', async (host) => {
    for (const settings of [{}, { 'mirror.notifyHost': '*' }]) {
      const { url } = await origin(settings);
      expect(await notify(url, notice(`http://${host}:9/x.git`))).toEqual(refused('its address is internal'));
      expect(await notify(url, notice(`git://${host}:9/x.git`))).toMatchObject({ kind: 'refused' });
    }
  });

  test('the repository itself', async () => {
    const { url } = await origin();
    expect(await notify(url, notice(url))).toEqual(refused('that of the repository itself'));
  });

  test('a repository that has nothing of this one, whatever it tells', async () => {
    const other = await makeRepository(pathIn(mirror, 'other.git'), { commits: 2, seed: 99 });
    await other.configure('mirror.advertise', 'true');
    const { url } = await origin();
    expect(await notify(url, notice(`${mirror.url}other.git`))).toEqual(refused('nothing of this repository'));
    expect(await mirrorsOf(url)).toEqual([]);
  });

  test('a mirror that is not there, or holds no such repository', async () => {
    const { url } = await origin();
    expect(await notify(url, notice(`${mirror.url}none.git`))).toEqual(refused('calling the mirror back failed'));
    const gone = await serveTcp((socket) => socket.destroy());
    await gone.close();
    expect(await notify(url, notice(`http://127.0.0.1:${String(gone.port)}/x.git`))).toEqual(refused('failed'));
    expect(await mirrorsOf(url)).toEqual([]);
  });

  test.each(['http', 'git'])('a mirror that does not answer, over %s', { timeout: 60_000 }, async (scheme) => {
    const { url } = await origin();
    const silent = await serveTcp(() => undefined);
    ends.push(() => silent.close());
    const at = `${scheme}://127.0.0.1:${String(silent.port)}/x.git`;
    expect(await notify(url, notice(at))).toEqual(refused('takes too long'));
  });

  test('one that sends a byte now and then', { timeout: 60_000 }, async () => {
    const { url } = await origin();
    const slow = await serveHttp((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 200);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    ends.push(() => slow.close());
    expect(await notify(url, notice(slow.url))).toEqual(refused('takes too long'));
  });

  test.each([
    ['a document', 'application/json'],
    ['a list of refs', 'application/x-git-upload-pack-advertisement'],
  ])('%s without end', { timeout: 60_000 }, async (_what, type) => {
    const { url } = await origin();
    const endless = await serveHttp((request, response) => {
      if (request.url?.includes('info/mirrors') === true && type !== 'application/json') {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': type });
      if (type !== 'application/json') response.write('001e# service=git-upload-pack\n0000');
      const line = `${'1'.repeat(40)} refs/heads/${'x'.repeat(900)}\n`;
      const packet = (line.length + 4).toString(16).padStart(4, '0') + line;
      const write = (): void => {
        while (response.write(packet.repeat(64)));
      };
      response.on('drain', write);
      response.on('error', () => undefined);
      write();
    });
    ends.push(() => endless.close());
    expect(await notify(url, notice(endless.url))).toMatchObject({ kind: 'refused' });
    expect(await mirrorsOf(url)).toEqual([]);
  });

  test('one that redirects, to wherever: nobody goes there', async () => {
    const { url } = await origin();
    const target = await serveHttp((_request, response) => {
      response.end();
    });
    ends.push(() => target.close());
    for (const status of [301, 302, 307, 308]) {
      const web = await serveHttp((request, response) => {
        response.writeHead(status, { location: target.url + (request.url ?? '').replace('/x.git', '') }).end();
      });
      ends.push(() => web.close());
      expect(await notify(url, notice(web.url))).toEqual(refused('redirects'));
      const refsOnly = await serveHttp((request, response) => {
        if (request.url?.includes('info/mirrors') === true) response.writeHead(404).end();
        else response.writeHead(status, { location: `${target.url}/info/refs?service=git-upload-pack` }).end();
      });
      ends.push(() => refsOnly.close());
      expect(await notify(url, notice(refsOnly.url))).toMatchObject({ kind: 'refused' });
    }
    expect(target.hits).toEqual([]);
  });

  test('a document that holds no digest is no reason to believe one: the refs are listed', async () => {
    const { url } = await origin();
    const web = await serveHttp((request, response) => {
      const isDocument = request.url?.includes('info/mirrors') === true;
      response.writeHead(isDocument ? 200 : 404, { 'content-type': 'application/json' }).end('{"digest":"abc"}');
    });
    ends.push(() => web.close());
    expect(await notify(url, notice(web.url))).toMatchObject({ kind: 'refused' });
    expect(web.hits).toHaveLength(2);
  });

  test(
    'notices by the hundred from one caller, and more than twenty mirrors of one host',
    { timeout: 120_000 },
    async () => {
      const { url } = await origin();
      const web = await serveHttp((_request, response) => {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ canonical: [], mirrors: [], digest }));
      });
      ends.push(() => web.close());
      const outcomes = [];
      for (let index = 0; index < 40; index++) outcomes.push(await notify(url, notice(`${web.url}/${String(index)}`)));
      expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(20);
      expect(outcomes[25]).toEqual(refused('no more mirrors can be listed here'));
      expect(outcomes[35]).toEqual(refused('too many notices'));
      expect(await mirrorsOf(url)).toHaveLength(10);
    },
  );

  test('the same mirror twice at one time is called once', async () => {
    const { url } = await origin();
    const waiting: (() => void)[] = [];
    const web = await serveHttp((_request, response) => {
      waiting.push(() => {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ canonical: [], mirrors: [], digest }));
      });
    });
    ends.push(() => web.close());
    const first = notify(url, notice(web.url));
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await notify(url, notice(web.url))).toEqual(refused('being looked at already'));
    for (const go of waiting) go();
    expect(await first).toEqual({ kind: 'ok' });
    expect(web.hits).toHaveLength(1);
  });

  test('what is no notice at all', async () => {
    const { url } = await origin();
    const at = `${mirror.url}x.git`;
    for (const body of [
      {},
      { at, digest: 'abc', ttl: 1 },
      { at, digest, ttl: -1 },
      { at: 'a b', digest, ttl: 1 },
      [],
      'x',
    ]) {
      expect(await postNotice(url, body)).toMatchObject({ status: 400 });
    }
    expect(await postNotice(url, { at, digest, ttl: 1, signature: 'x'.repeat(100_000) })).toMatchObject({
      status: 413,
    });
    const plain = await fetch(`${url}/info/mirrors`, { method: 'POST', body: JSON.stringify({ at, digest, ttl: 60 }) });
    expect(plain.status).toBe(415);
    expect((await getJson(`${url}/info/mirrors`)).body).toMatchObject({ mirrors: [] });
  });

  test('a folder that cannot be written to is said plainly', async () => {
    const { server, url, path } = await origin();
    await writeFile(join(path, 'git-mirror'), 'in the way');
    await chmod(join(path, 'git-mirror'), 0o600);
    expect(await notify(url, notice(`${mirror.url}x.git`))).toEqual(refused('cannot write the mirror down'));
    expect(server.warnings.join('\n')).toContain('could not be written down');
  });
});
