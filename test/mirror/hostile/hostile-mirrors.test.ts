import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Repository } from '../../repositories/repository.ts';
import { openMirrorLab, type MirrorLab, type MirrorSiteOptions } from '../lab/mirror-lab.ts';
import {
  asking,
  corrupting,
  dripping,
  endless,
  hollow,
  html,
  redirecting,
  silent,
  truncating,
} from './hostile-servers.ts';

let lab: MirrorLab;

beforeEach(async () => {
  lab = await openMirrorLab();
  // So that what takes its time is left soon, and what has no end is left at all.
  for (const [key, value] of [
    ['mirror.firstByte', '4s'],
    ['mirror.stall', '3s'],
    ['mirror.minRate', '64k'],
    ['mirror.maxBytes', '2m'],
  ] as const) {
    await lab.client.gitText(['config', '--global', key, value]);
  }
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

/** Other commits under the origin's names, with an extra branch and a changed tag. */
async function otherHistory(repository: Repository, origin: Repository): Promise<void> {
  for (const ref of (await origin.refs()).keys()) {
    await repository.commit(ref, { from: null, files: { 'evil.txt': `evil ${ref}\n` } });
  }
  await repository.commit('refs/heads/extra', { from: null, files: { 'evil.txt': 'evil\n' } });
}

/** The right names, and objects that are nowhere. */
async function noObjects(repository: Repository, origin: Repository): Promise<void> {
  for (const [ref, oid] of await origin.refs()) {
    const path = join(repository.path, ref);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, `${ref.startsWith('refs/heads/') ? oid.replaceAll(/./g, 'd') : oid}\n`);
  }
}

interface Hostility {
  readonly name: string;
  readonly site: MirrorSiteOptions;
  /** What git mirror fetch says of it. */
  readonly says: RegExp;
}

const hostile: readonly Hostility[] = [
  {
    name: 'serves other commits under the same names',
    site: { content: otherHistory },
    says: /taking \d+ refs? from mirror/,
  },
  { name: 'is in an old state', site: { content: { commitsBehind: 6 } }, says: /^/ },
  { name: 'names commits that do not exist', site: { content: noObjects }, says: /left: .*not our ref/ },
  { name: 'sends a corrupt pack', site: { middleware: corrupting }, says: /left: .*inflate/ },
  { name: 'sends a pack that is cut short', site: { middleware: truncating }, says: /left: .*early EOF/ },
  {
    name: 'sends commits without their files',
    site: { middleware: hollow(() => lab.origin.repository.path) },
    says: /left: .*(?:missing|necessary)/,
  },
  { name: 'sends a pack that has no end', site: { middleware: endless }, says: /left: .*bytes/ },
  { name: 'sends one byte a second', site: { middleware: dripping }, says: /left: it stalled/ },
  { name: 'says nothing', site: { middleware: silent }, says: /left: .*in 4 s/ },
  { name: 'is a page of HTML', site: { middleware: html }, says: /left: .*is this a git repository/ },
  { name: 'hangs up', site: { shape: { cutAfterBytes: 2000 } }, says: /left: / },
  { name: 'is not there', site: { shape: { isRefused: true } }, says: /left: .*connect/ },
];

/** All that a user has of a repository: refs but those of mirrors, HEAD, the index, the files. */
async function stateOf(path: string): Promise<readonly string[]> {
  const run = (...args: string[]): Promise<string> => lab.client.gitText(args, { cwd: path });
  const refs = await run('for-each-ref', '--format=%(refname) %(objectname) %(symref)');
  return [
    ...refs.split('\n').filter((line) => !line.startsWith('refs/mirror/')),
    await run('rev-parse', 'HEAD'),
    await run('symbolic-ref', 'HEAD'),
    await run('ls-files', '--stage'),
    await run('status', '--porcelain'),
    await run('fsck', '--connectivity-only', '--no-dangling'),
  ];
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

describe.each(hostile)('a mirror that $name', ({ site, says }) => {
  it('gives nothing to git mirror clone, git mirror fetch and mirror:: URLs', async () => {
    const { client, origin } = lab;
    const [stock, ours, helped] = ['stock', 'ours', 'helped'].map((name) => join(client.work, name)) as [
      string,
      string,
      string,
    ];
    const mirror = await lab.addMirror(site);
    const isAsked = (): boolean => site.shape?.isRefused === true || mirror.link.connections.length > 0;

    await client.gitText(['clone', '--quiet', origin.url, stock]);
    const cloned = await client.mirror(['clone', `--mirror=${mirror.url}`, origin.url, ours]);
    expect(cloned.stderr).not.toContain('GM_INTERNAL');
    expect(cloned.status).toBe(0);
    expect(isAsked()).toBe(true);
    expect(await stateOf(ours)).toEqual(await stateOf(stock));
    expect(await lefts(ours)).toEqual([]);

    mirror.forget();
    const setting = `remote.origin.mirrorUrl=${mirror.url}`;
    const helper = await client.git(['-c', setting, 'clone', '--quiet', `mirror::${origin.url}`, helped]);
    expect(helper.stderr).not.toContain('GM_INTERNAL');
    expect(helper.status).toBe(0);
    expect(isAsked()).toBe(true);
    expect(await stateOf(helped)).toEqual(await stateOf(stock));
    expect(await lefts(helped)).toEqual([]);

    // A mirror in an old state has nothing new to give; the others go on as they are.
    await lab.commit({ commits: 3 });
    await lab.commit({ ref: 'refs/heads/new', commits: 2 });
    await lab.tag('v9');
    if (site.content === undefined && mirror.requests.length > 0) await lab.sync(mirror);
    if (site.content === otherHistory) await mirror.repository.commit('refs/heads/main');
    await client.gitText(['fetch', '--quiet'], { cwd: stock });
    const fetched = await client.mirror(['fetch', '--mirror', mirror.url], { cwd: ours });
    expect(fetched.stderr).toMatch(says);
    expect(fetched.stderr).not.toContain('GM_INTERNAL');
    expect(fetched.status).toBe(0);
    expect(await stateOf(ours)).toEqual(await stateOf(stock));
    expect(await lefts(ours)).toEqual([]);
  });
});

/** Files that a failed run could have left among the objects. */
async function lefts(path: string): Promise<readonly string[]> {
  const { stdout } = await lab.client.start('find', [join(path, '.git'), '-name', 'tmp_*', '-o', '-name', '*.lock'])
    .ended;
  return stdout.split('\n').filter((line) => line !== '');
}

describe('a mirror that sends its clients elsewhere', () => {
  it('sends them nowhere', async () => {
    const { client, origin } = lab;
    const asked: string[] = [];
    const inside = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('a secret of this network');
    });
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    try {
      const target = `http://127.0.0.1:${String((inside.address() as AddressInfo).port)}/latest`;
      const mirror = await lab.addMirror({ middleware: redirecting(target) });
      const outcome = await client.mirror(['clone', `--mirror=${mirror.url}`, origin.url, 'ours']);
      expect(outcome.status).toBe(0);
      await lab.commit();
      expect(await client.mirror(['fetch', '--mirror', mirror.url], { cwd: join(client.work, 'ours') })).toMatchObject({
        status: 0,
      });
      expect(mirror.requests.length).toBeGreaterThan(0);
      expect(asked).toEqual([]);
    } finally {
      inside.closeAllConnections();
      await new Promise((resolve) => inside.close(resolve));
    }
  });
});

describe('a mirror that asks who is there', () => {
  it('is not told', async () => {
    const { client, origin } = lab;
    const seen: string[] = [];
    const mirror = await lab.addMirror({ middleware: asking(seen) });
    const helper = '!f() { echo username=me; echo password=secret; }; f';
    await client.gitText(['config', '--global', 'credential.helper', helper]);
    await client.gitText(['config', '--global', 'http.extraHeader', 'X-Secret: token']);
    await client.gitText(['config', '--global', `http.${mirror.url}.extraHeader`, 'Authorization: Bearer token']);
    await writeFile(join(client.home, '.netrc'), 'machine 127.0.0.1 login me password secret\n', { mode: 0o600 });
    expect(await client.mirror(['clone', `--mirror=${mirror.url}`, origin.url, 'ours'])).toMatchObject({ status: 0 });
    await lab.commit();
    const fetched = await client.mirror(['fetch', '--mirror', mirror.url], { cwd: join(client.work, 'ours') });
    expect(fetched.status).toBe(0);
    expect(mirror.requests.length).toBeGreaterThan(0);
    expect(seen).toEqual([]);
  });
});

describe('a list of mirrors that is hostile', () => {
  const touched = 'touched-by-a-list';

  /** URLs that must not be asked, run or written to, whatever they would be to git. */
  const urls = (folder: string): readonly string[] => [
    `ext::sh -c touch% ${folder}/${touched}`,
    `--upload-pack=touch ${folder}/${touched}`,
    `-u${folder}/${touched}`,
    `file://${folder}/elsewhere.git`,
    `${folder}/elsewhere.git`,
    'http://127.0.0.1:1/a.git\u001b[31m',
    'http://127.0.0.1:1/a.git\nmirror http://127.0.0.1:1/b.git',
    'http://../../../heads/a.git',
    'http://a.lock/x.git',
    'http://..%2f..%2fheads/x.git',
    'http://user:password@127.0.0.1:1/a.git',
    'ssh://-oProxyCommand=touch%20x/a.git',
    'fd::3',
    'javascript:alert(1)',
    `http://127.0.0.1:1/${'a'.repeat(5000)}`,
  ];

  async function originThatLists(mirrors: readonly string[]): Promise<MirrorLab> {
    await lab[Symbol.asyncDispose]();
    return openMirrorLab({
      origin: {
        middleware: (request, response) => {
          const path = (request.url ?? '').replace(/\?.*/, '');
          if (!path.endsWith('/info/mirrors')) return false;
          request.resume();
          response.writeHead(200, { 'Content-Type': 'application/json' });
          const entries = mirrors.map((url) => ({ url }));
          response.end(JSON.stringify({ canonical: [], preferMirrors: 'always', mirrors: entries }));
          return true;
        },
      },
    });
  }

  it('leads nowhere', async () => {
    const folder = lab.path;
    lab = await originThatLists(urls(folder));
    const { client, origin } = lab;
    await mkdir(folder, { recursive: true });
    try {
      const outcome = await client.mirror(['clone', origin.url, 'ours']);
      expect(outcome.status).toBe(0);
      expect(outcome.stderr).not.toContain('\u001b');
      const ours = join(client.work, 'ours');
      await lab.commit();
      expect(await client.mirror(['fetch'], { cwd: ours })).toMatchObject({ status: 0 });
      const config = await client.gitText(['config', '--local', '--list'], { cwd: ours });
      for (const bad of ['ext::', 'upload-pack', 'file://', 'elsewhere', 'javascript', 'password', 'lock']) {
        expect(config).not.toContain(bad);
      }
      expect(await exists(join(folder, touched))).toBe(false);
      const refs = await client.gitText(['for-each-ref', '--format=%(refname)'], { cwd: ours });
      expect(refs.split('\n').filter((ref) => !/^refs\/(?:remotes\/origin|heads|tags)\//.test(ref))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is not followed to its end when it has 10,000 mirrors', async () => {
    const dead = Array.from({ length: 10_000 }, (_, index) => `http://127.0.0.1:1/mirror-${String(index)}.git`);
    lab = await originThatLists(dead);
    const { client, origin } = lab;
    const outcome = await client.mirror(['clone', origin.url, 'ours']);
    expect(outcome.status).toBe(0);
    const ours = join(client.work, 'ours');
    await lab.commit();
    const fetched = await client.mirror(['fetch'], { cwd: ours });
    expect(fetched.status).toBe(0);
    const config = await client.gitText(['config', '--local', '--list'], { cwd: ours });
    expect(config.split('\n').length).toBeLessThan(1200);
    const tried = `${outcome.stderr}${fetched.stderr}`.match(/mirror-\d+\.git/g) ?? [];
    expect(new Set(tried).size).toBeLessThanOrEqual(64);
  });
});
