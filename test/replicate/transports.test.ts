import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, StaticAuthProvider, type Options } from '../../src/index.ts';
import { compareRefs, expectSound } from '../repositories/check-repository.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { startApache, type Apache } from '../servers/apache.ts';
import { startGitDaemon } from '../servers/git-daemon.ts';
import { startHttpBackend } from '../servers/http-backend.ts';
import { startForwardProxy, type ForwardProxy } from '../servers/proxy.ts';
import { startSshd } from '../servers/sshd.ts';
import { makeCertificates, type Certificates } from '../servers/tls.ts';

const secret = 'correct horse battery';

let folder: TemporaryFolder;
let root: string;
let source: Repository;
let certificates: Certificates;
let number = 0;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  root = join(folder.path, 'root');
  await mkdir(root);
  source = await makeRepository(join(root, 'source.git'), { commits: 8, branches: 2, tags: 2 });
  certificates = makeCertificates(folder.path);
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

async function makeTarget(): Promise<Repository> {
  number += 1;
  const path = join(root, `target-${String(number)}.git`);
  await runGit(['init', '-q', '--bare', path]);
  await runGit(['-C', path, 'config', 'http.receivepack', 'true']);
  return new Repository(path);
}

/** An empty target, then a bootstrap, a commit more, and a run with nothing to do, all over the same two URLs. */
async function syncThreeTimes(
  sourceUrl: string,
  target: Repository,
  targetUrl: string,
  options: Options,
): Promise<void> {
  const client = createClient({ useCredentialHelper: false, ...options });
  const request = { source: { url: sourceUrl }, target: { url: targetUrl }, policy: { includeTags: true } };
  expect((await client.sync(request)).execution).toMatchObject({ relay: true, transferMode: 'bootstrap' });
  await source.commit('refs/heads/main');
  expect((await client.sync(request)).counts).toMatchObject({ applied: 1, blocked: 0 });
  expect((await client.sync(request)).counts).toMatchObject({ applied: 0, blocked: 0 });
  await compareRefs(source, target);
  await expectSound(target);
}

describe('R10 transports, at both ends', () => {
  test('R10: ssh', async () => {
    const server = await startSshd({ root });
    try {
      const target = await makeTarget();
      const env = { ...process.env, ...server.env };
      await syncThreeTimes(server.urlFor(source.path), target, server.urlFor(target.path), { env });
    } finally {
      await server.close();
    }
  });

  test('R10: git://', async () => {
    const server = await startGitDaemon({ root, receivePack: true });
    try {
      const target = await makeTarget();
      const name = target.path.slice(root.length + 1);
      await syncThreeTimes(`${server.url}/source.git`, target, `${server.url}/${name}`, {});
    } finally {
      await server.close();
    }
  });

  test('R10: a path, and file://', async () => {
    const target = await makeTarget();
    await syncThreeTimes(source.path, target, `file://${target.path}`, {});
  });

  test('R10: an installed remote helper', async () => {
    const server = await startHttpBackend({ root });
    try {
      const target = await makeTarget();
      const name = target.path.slice(root.length + 1);
      // git-remote-http of git itself, as any other helper; it can only connect for fetches.
      await syncThreeTimes(`http::${server.url}/source.git`, target, `${server.url}/${name}`, {});
    } finally {
      await server.close();
    }
  });

  describe('with Apache', () => {
    let apache: Apache;
    let proxy: ForwardProxy;

    beforeAll(async () => {
      apache = await startApache({ root, tls: certificates.server });
      proxy = await startForwardProxy();
    });

    afterAll(async () => {
      await apache.close();
      await proxy.close();
    });

    test('R10: TLS with a private CA, through a proxy', async () => {
      const target = await makeTarget();
      await apache.grantAccess();
      const name = target.path.slice(root.length + 1);
      const env = { ...process.env, HTTPS_PROXY: proxy.url, NO_PROXY: '' };
      const [sourceUrl, targetUrl] = [`${apache.url}/git/source.git`, `${apache.url}/git/${name}`];
      await expect(createClient({ env }).probe({ source: { url: sourceUrl } })).rejects.toMatchObject({
        code: 'GM_TLS',
      });
      await syncThreeTimes(sourceUrl, target, targetUrl, { env, caFile: certificates.caFile });
      expect((await proxy.accessLog(/CONNECT/)).join(' ')).toMatch(/CONNECT 127\.0\.0\.1/);
    });
  });
});

describe('R9 auth', () => {
  let apache: Apache;

  beforeAll(async () => {
    apache = await startApache({ root, basicAuth: { username: 'git', password: secret } });
  });

  afterAll(async () => {
    await apache.close();
  });

  const urlOf = (repository: Repository) => `${apache.url}/git/${repository.path.slice(root.length + 1)}`;

  test('R9: credentials that are given', async () => {
    const target = await makeTarget();
    await apache.grantAccess();
    const auth = new StaticAuthProvider({ source: { token: secret }, target: { username: 'git', token: secret } });
    await syncThreeTimes(urlOf(source), target, urlOf(target), { auth });
  });

  test('R9: a real credential helper, asked after a 401', async () => {
    const target = await makeTarget();
    await apache.grantAccess();
    const store = join(folder.path, 'credentials');
    const config = join(folder.path, 'gitconfig');
    const { host } = new URL(apache.url);
    await writeFile(store, `http://git:${encodeURIComponent(secret)}@${host}\n`);
    await writeFile(config, `[credential]\n\thelper = store --file '${store}'\n`);
    const env = { ...process.env, GIT_CONFIG_GLOBAL: config };
    await syncThreeTimes(urlOf(source), target, urlOf(target), { env, useCredentialHelper: true });
  });

  test('R9: a 401 and nothing to answer it with ends at once, and says what to set', async () => {
    const failure = createClient().probe({ source: { url: urlOf(source) } });
    await expect(failure).rejects.toMatchObject({ code: 'GM_AUTH' });
    await expect(failure).rejects.toThrow(/GIT_MIRROR_SOURCE_TOKEN/);
  });

  test('R9: credentials that are refused are never shown', async () => {
    const auth = new StaticAuthProvider({ source: { token: 'not-it-at-all' } });
    const failure = await createClient({ auth })
      .probe({ source: { url: urlOf(source) } })
      .then(String, (error: unknown) => JSON.stringify([error, String(error)]));
    expect(failure).toContain('GM_AUTH');
    expect(failure).not.toContain('not-it-at-all');
  });
});
