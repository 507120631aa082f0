import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { streamOf } from '../src/core/byte-stream.ts';
import { gitCredentialSource } from '../src/transport/credential-helper.ts';
import { connectHttp } from '../src/transport/http/connect-http.ts';
import { startApache, type Apache } from './servers/apache.ts';
import { connectTo, failureOf, httpOptions, pktLine, readAll } from './servers/http-client.ts';
import { startFaultyServer } from './servers/faulty.ts';

const run = promisify(execFile);
const username = 'tester';
const password = 'p:a ss%wörd';
const lsRefs = Buffer.from(`${pktLine('command=ls-refs\n')}0000`);

let root: string;
let log: string;
let everything: Apache;
let pushes: Apache;
let posts: Apache;
let env: NodeJS.ProcessEnv;

/** A credential helper as a shell script: it logs what it is told and answers `get` with a file, if there is one. */
const helper = `#!/bin/sh
{ echo "-- $1"; cat; } >>"$HELPER_LOG"
if test "$1" = get && test -e "$HELPER_ANSWER"; then cat "$HELPER_ANSWER"; fi
`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-mirror-auth-'));
  log = join(root, 'helper.log');
  await run('git', ['init', '-q', '--bare', join(root, 'x.git')]);
  await run('git', ['--git-dir', join(root, 'x.git'), 'config', 'http.receivepack', 'true']);
  await writeFile(join(root, 'helper'), helper);
  await chmod(join(root, 'helper'), 0o755);
  await writeFile(join(root, 'gitconfig'), `[credential]\n\thelper = ${join(root, 'helper')}\n`);
  env = {
    PATH: process.env['PATH'],
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(root, 'gitconfig'),
    HELPER_LOG: log,
    HELPER_ANSWER: join(root, 'answer'),
    // These would open a window if anything asked.
    GIT_ASKPASS: join(root, 'askpass'),
    SSH_ASKPASS: join(root, 'askpass'),
  };
  await writeFile(join(root, 'askpass'), `#!/bin/sh\necho asked >>"${join(root, 'asked')}"\necho no\n`);
  await chmod(join(root, 'askpass'), 0o755);
  everything = await startApache({ root, basicAuth: { username, password } });
  pushes = await startApache({ root, basicAuth: { username, password, protect: 'push' } });
  posts = await startApache({ root, basicAuth: { username, password, protect: 'push-post' } });
});

afterAll(async () => {
  await Promise.allSettled([everything.close(), pushes.close(), posts.close()]);
  await rm(root, { recursive: true, force: true });
});

beforeEach(async () => {
  await rm(log, { force: true });
  await rm(join(root, 'answer'), { force: true });
});

async function helperKnows(secret: string): Promise<void> {
  await writeFile(join(root, 'answer'), `username=${username}\npassword=${secret}\n`);
}

/** What the helper was told: the names of the actions, and whole calls. */
async function helperCalls(): Promise<{ actions: string[]; text: string }> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return { actions: [...text.matchAll(/^-- (\w+)$/gm)].map(([, action = '']) => action), text };
}

/** The body of a push of one random blob of `size` bytes to a tag of its own. */
async function pushOfBlob(size: number): Promise<Buffer> {
  const file = join(root, 'blob');
  await writeFile(file, randomBytes(size));
  const scratch = join(root, 'scratch.git');
  await run('git', ['init', '-q', '--bare', scratch]);
  const oid = (await run('git', ['--git-dir', scratch, 'hash-object', '-w', file])).stdout.trim();
  const child = spawn('git', ['--git-dir', scratch, 'pack-objects', '--stdout', '-q'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(`${oid}\n`);
  const command = `${pktLine(`${'0'.repeat(40)} ${oid} refs/tags/${oid}\0report-status`)}0000`;
  return Buffer.concat([Buffer.from(command), await readAll(child.stdout as AsyncIterable<Uint8Array>)]);
}

describe('explicit credentials', () => {
  it.each([
    ['a token', { auth: { username, token: password } }, {}],
    ['the userinfo of the URL', {}, { username, password }],
    ['a token and the user name of the URL', { auth: { token: password } }, { username }],
  ])('%s are presented at once', async (_name, options, userinfo) => {
    const connection = await connectHttp(
      { url: new URL(`${everything.url}/git/x.git`), ...userinfo },
      httpOptions({ ...options, credentials: gitCredentialSource({ env }) }),
    );
    await readAll(connection.advertisement);
    await readAll(await connection.request(lsRefs));
    await connection.close();
    expect(await helperCalls()).toEqual({ actions: [], text: '' });
  });

  it('use the user name git when none is given, and a bearer token wins', async () => {
    const seen: unknown[] = [];
    const server = await startFaultyServer((exchange) => {
      seen.push(exchange.headers['authorization']);
      exchange.answer(403);
    });
    await failureOf(connectTo(`${server.url}/x.git`, { auth: { token: 't' } }));
    await failureOf(connectTo(`${server.url}/x.git`, { auth: { username: 'u', token: 't', bearerToken: 'b' } }));
    await server.close();
    expect(seen).toEqual([`Basic ${Buffer.from('git:t').toString('base64')}`, 'Bearer b']);
  });

  it('that are refused are final, and the credential helper is not asked', async () => {
    await helperKnows(password);
    const error = await failureOf(
      connectTo(`${everything.url}/git/x.git`, {
        auth: { username, token: 'wrong' },
        credentials: gitCredentialSource({ env }),
      }),
    );
    expect(error.code).toBe('GM_AUTH');
    expect(error.message).toContain('the credentials given for the source were refused');
    expect(`${error.message}${JSON.stringify(error)}`).not.toContain('wrong');
    expect((await helperCalls()).actions).toEqual([]);
  });

  it.each([
    [{ token: 'a\r\nX-Evil: 1' }, {}],
    [{ username: 'a\nb', token: 'x' }, {}],
    [{ bearerToken: 'a\nb' }, {}],
    [{ bearerToken: 'a b' }, {}],
    [{}, { username: 'a', password: 'b\n' }],
    [{}, { username: 'a\r' }],
  ])('with line breaks are refused before anything is sent', async (auth, userinfo) => {
    const work = connectHttp({ url: new URL('http://127.0.0.1:1/x.git'), ...userinfo }, httpOptions({ auth }));
    expect((await failureOf(work)).code).toBe('GM_USAGE');
  });
});

describe('no credentials', () => {
  it.each([
    ['git-upload-pack', 'GIT_MIRROR_SOURCE_TOKEN or --source-token'],
    ['git-receive-pack', 'GIT_MIRROR_TARGET_TOKEN or --target-token'],
  ] as const)('for %s end at once with what to set', async (service, text) => {
    for (const credentials of [
      undefined,
      gitCredentialSource({ env }),
      gitCredentialSource({ env, git: join(root, 'no-git') }),
    ]) {
      const error = await failureOf(connectTo(`${everything.url}/git/x.git`, { service, credentials }));
      expect(error).toMatchObject({ code: 'GM_AUTH', details: { status: 401, service } });
      expect(error.message).toContain(
        `it asks for credentials and there are none; set ${text}, or configure a git credential helper`,
      );
    }
    await expect(readFile(join(root, 'asked'))).rejects.toThrow('ENOENT');
  });
});

describe('the credential helper', () => {
  it('is asked after a 401, once, and told that the credential was good', async () => {
    await helperKnows(password);
    const connection = await connectTo(`${everything.url}/git/x.git`, { credentials: gitCredentialSource({ env }) });
    await readAll(connection.advertisement);
    await readAll(await connection.request(lsRefs));
    await connection.close();
    const { actions, text } = await helperCalls();
    expect(actions).toEqual(['get', 'store']);
    expect(text).toContain(`host=127.0.0.1:${everything.port}\n`);
    expect(text).toContain(`password=${password}\n`);
    // Without credential.useHttpPath git leaves the path out.
    expect(text).not.toContain('path=');
  });

  it('is told that the credential was bad after a second 401', async () => {
    await helperKnows('wrong');
    const error = await failureOf(
      connectTo(`${everything.url}/git/x.git`, { credentials: gitCredentialSource({ env }) }),
    );
    expect(error.code).toBe('GM_AUTH');
    expect(error.message).toContain('the credentials from the credential helper were refused');
    expect(error.message).not.toContain('wrong');
    expect((await helperCalls()).actions).toEqual(['get', 'erase']);
  });

  it('gets the user name of the URL', async () => {
    await helperKnows(password);
    const connection = await connectHttp(
      { url: new URL(`${everything.url}/git/x.git`), username },
      httpOptions({ credentials: gitCredentialSource({ env }) }),
    );
    await connection.close();
    expect((await helperCalls()).text).toMatch(/^-- get\n(?:.*\n)*username=tester\n/);
  });

  it('serves servers that ask for credentials for pushes only', async () => {
    await helperKnows(password);
    const credentials = gitCredentialSource({ env });
    const reading = await connectTo(`${pushes.url}/git/x.git`, { credentials });
    await reading.close();
    expect((await helperCalls()).actions).toEqual([]);
    const writing = await connectTo(`${pushes.url}/git/x.git`, { credentials, service: 'git-receive-pack' });
    await writing.close();
    expect((await helperCalls()).actions).toEqual(['get', 'store']);
  });

  it.each([
    ['an array', 1000, 1],
    ['a short stream', 1000, 1],
    ['a long stream', 3_000_000, 2],
  ])('serves servers that ask only when %s is posted', async (kind, size, postCount) => {
    await helperKnows(password);
    const before = (await posts.accessLog()).length;
    const connection = await connectTo(`${posts.url}/git/x.git`, {
      service: 'git-receive-pack',
      protocol: 0,
      credentials: gitCredentialSource({ env }),
    });
    await readAll(connection.advertisement);
    expect((await helperCalls()).actions).toEqual([]);
    const body = await pushOfBlob(size);
    const answer = await connection.request(
      kind === 'an array' ? body : streamOf(body.subarray(0, 500), body.subarray(500, 900), body.subarray(900)),
    );
    expect((await readAll(answer)).toString()).toContain(pktLine('unpack ok\n'));
    await connection.close();
    expect((await helperCalls()).actions).toEqual(['get', 'store']);
    // A line is written only when its answer has been sent.
    const outcomes = async (): Promise<string[]> => {
      const lines = (await posts.accessLog()).slice(before).filter((line) => line.startsWith('POST'));
      return lines.map((line) => line.split(' ').slice(-2).join(' '));
    };
    await expect.poll(outcomes).toEqual(['401 -', ...Array<string>(postCount).fill(`200 ${username}`)]);
  });

  it('is not asked when the run has been aborted', async () => {
    const controller = new AbortController();
    controller.abort(new Error('over'));
    const query = { protocol: 'https', host: 'h', path: '', wwwAuthenticate: [] } as const;
    await expect(gitCredentialSource({ env }).fill(query, controller.signal)).rejects.toThrow('over');
    expect((await helperCalls()).actions).toEqual([]);
  });
});
