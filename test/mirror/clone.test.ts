import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runGit } from '../repositories/run-git.ts';
import { openMirrorLab, type MirrorLab } from './lab/mirror-lab.ts';

const timeoutMs = 240_000;
const shape = { commits: 30, branches: 3, tags: 3, fileBytes: 20_000 };

/** What there is to know of a clone: refs, HEAD, configuration of the remote, files. */
async function portrait(lab: MirrorLab, name: string): Promise<string> {
  const cwd = join(lab.client.work, name);
  const run = (...args: readonly string[]): Promise<string> => lab.client.gitText(args, { cwd });
  const settings = (await run('config', '--local', '--list')).split('\n').filter((line) => !line.includes('mirror'));
  return [
    await run('for-each-ref', '--format=%(refname) %(objectname) %(symref)'),
    await run('rev-parse', '--symbolic-full-name', 'HEAD'),
    settings.join('\n'),
    await run('status', '--short', '--branch'),
    await run('ls-files', '--stage'),
  ].join('\n--\n');
}

async function expectOrdinary(lab: MirrorLab, name: string, like: string): Promise<void> {
  const cwd = join(lab.client.work, name);
  expect(await portrait(lab, name)).toBe(await portrait(lab, like));
  await lab.client.gitText(['fsck', '--strict', '--no-dangling'], { cwd });
  await expect(stat(join(cwd, '.git/objects/info/alternates'))).rejects.toThrow('ENOENT');
  expect((await readdir(lab.client.work)).filter((entry) => entry.startsWith('.'))).toEqual([]);
}

test(
  'M1: a clone through a mirror is the clone that git makes, and costs the origin next to nothing',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const mirror = await lab.addMirror();
    await lab.client.gitText(['clone', '--quiet', lab.origin.url, 'stock']);
    lab.forget();
    const cloned = await lab.client.mirror(['clone', `--mirror=${mirror.url}`, lab.origin.url, 'clone']);
    expect(cloned.stderr).toMatch(/^git-mirror: taking \d+ refs from mirror .*\nCloning into 'clone'\.\.\.\n$/);
    expect(cloned.status).toBe(0);
    expect(lab.origin.link.bytesToClients).toBeLessThan(20_000);
    expect(mirror.link.bytesToClients).toBeGreaterThan(500_000);
    await expectOrdinary(lab, 'clone', 'stock');
    const cwd = join(lab.client.work, 'clone');
    expect(await lab.client.gitText(['config', '--get-all', 'remote.origin.mirrorUrl'], { cwd })).toBe(mirror.url);
  },
  timeoutMs,
);

test(
  'M12: several mirrors fill it at the same time',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const mirrors = [await lab.addMirror(), await lab.addMirror(), await lab.addMirror({ content: 'empty' })];
    await lab.client.gitText(['clone', '--quiet', lab.origin.url, 'stock']);
    lab.forget();
    const flags = mirrors.map(({ url }) => `--mirror=${url}`);
    const cloned = await lab.client.mirror(['clone', '--quiet', ...flags, lab.origin.url, 'clone']);
    expect(cloned).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(lab.origin.link.bytesToClients).toBeLessThan(20_000);
    await expectOrdinary(lab, 'clone', 'stock');
  },
  timeoutMs,
);

test.each([['--depth=2'], ['--filter=blob:none'], ['--depth=1', '--no-single-branch']])(
  'M1: a clone with %s is the one that git makes, with objects from the mirror',
  async (...flags) => {
    await using lab = await openMirrorLab({ shape });
    const mirror = await lab.addMirror();
    for (const { repository } of [lab.origin, mirror]) await repository.configure('uploadpack.allowFilter', 'true');
    await lab.client.gitText(['clone', '--quiet', ...flags, lab.origin.url, 'stock']);
    lab.forget();
    const words = [`--mirror=${mirror.url}`, '--quiet', ...flags, lab.origin.url, 'clone'];
    const cloned = await lab.client.mirror(['clone', ...words]);
    expect(cloned.stderr).toBe('');
    expect(cloned.status).toBe(0);
    expect(mirror.link.bytesToClients).toBeGreaterThan(10_000);
    await expectOrdinary(lab, 'clone', 'stock');
    const cwd = join(lab.client.work, 'clone');
    await lab.commit();
    await lab.client.gitText(['pull', '--quiet'], { cwd });
  },
  timeoutMs,
);

test(
  'M1, M3: a clone that was interrupted, or that lost its origin, is taken up by the next run',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const [good, silent] = [await lab.addMirror(), await lab.addMirror()];
    await lab.client.gitText(['clone', '--quiet', '--mirror', lab.origin.url, 'stock.git']);
    const words = ['clone', '--mirror', `--mirror=${good.url}`, lab.origin.url, 'clone.git'];
    await silent.link.reshape({ stallAfterBytes: 20_000 });
    const stalled = lab.client.start('git-mirror', ['clone', '--mirror', `--mirror=${silent.url}`, ...words.slice(3)]);
    await expect.poll(() => silent.link.bytesToClients, { timeout: 60_000 }).toBeGreaterThan(19_999);
    process.kill(-Number(stalled.child.pid), 'SIGTERM');
    expect((await stalled.ended).status).toBe(143);
    const left = (): Promise<readonly string[]> => readdir(lab.client.work);
    expect([...(await left())].sort()).toEqual(['.clone.git.git-mirror', 'stock.git']);

    const running = lab.client.start('git-mirror', words);
    await expect.poll(() => good.link.bytesToClients, { timeout: 60_000 }).toBeGreaterThan(0);
    await lab.origin.link.reshape({ isRefused: true });
    const failed = await running.ended;
    expect(failed.status).toBe(128);
    expect(failed.stderr).toContain('.clone.git.git-mirror: the same command takes it up');
    await lab.origin.link.reshape({});
    const other = await lab.client.mirror(['clone', '--mirror', `--mirror=${silent.url}`, good.url, 'clone.git']);
    expect(other.stderr).toContain('belongs to an interrupted clone of');
    expect(other.status).toBe(2);
    lab.forget();
    const cloned = await lab.client.mirror(words);
    expect(cloned.stderr).toContain('taking up');
    expect(cloned.status).toBe(0);
    expect(good.link.bytesToClients).toBe(0);
    expect(lab.origin.link.bytesToClients).toBeLessThan(20_000);
    expect([...(await left())].sort()).toEqual(['clone.git', 'stock.git']);
    const refs = (name: string): Promise<string> =>
      lab.client.gitText(['for-each-ref'], { cwd: join(lab.client.work, name) });
    expect(await refs('clone.git')).toBe(await refs('stock.git'));
    await lab.client.gitText(['fsck', '--strict'], { cwd: join(lab.client.work, 'clone.git') });
  },
  timeoutMs,
);

test(
  'M1: with submodules and a remote of another name; what results goes on without git-mirror',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const [mirror, library] = [await lab.addMirror(), await lab.addMirror()];
    const run = (...args: readonly string[]): Promise<string> => lab.client.gitText(args);
    await run('clone', '--quiet', lab.origin.url, 'author');
    await run('-C', 'author', 'submodule', '--quiet', 'add', library.url, 'lib');
    await run('-C', 'author', 'commit', '--quiet', '--message', 'lib');
    await run('-C', 'author', 'push', '--quiet', lab.origin.repository.path, 'main');
    await lab.sync(mirror);
    await run('clone', '--quiet', '--recurse-submodules', '--origin', 'up', lab.origin.url, 'stock');
    const words = ['--recurse-submodules', '-o', 'up', `--mirror=${mirror.url}`, '-q', lab.origin.url, 'clone'];
    expect(await lab.client.mirror(['clone', ...words])).toMatchObject({ status: 0, stderr: '' });
    await expectOrdinary(lab, 'clone', 'stock');
    const cwd = join(lab.client.work, 'clone');
    expect(await lab.client.gitText(['config', 'remote.up.mirrorUrl'], { cwd })).toBe(mirror.url);
    await lab.commit();
    await lab.client.gitText(['pull', '--quiet', '--rebase'], { cwd });
    await lab.client.gitText(['commit', '--quiet', '--allow-empty', '--message', 'mine'], { cwd });
    await lab.client.gitText(['push', '--quiet', lab.origin.repository.path, 'HEAD:refs/heads/mine'], { cwd });
    await lab.client.gitText(['gc', '--quiet', '--prune=now'], { cwd });
    await lab.client.gitText(['fsck', '--strict', '--no-dangling'], { cwd });
    await lab.client.gitText(['clone', '--quiet', cwd, 'copy']);
    expect(await lab.client.gitText(['ls-remote', cwd, 'refs/mirror/*'])).toBe('');
  },
  timeoutMs,
);

test(
  'M5, M8: a clone goes through the mirrors that the origin names, and remembers them; with none it is git clone',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const mirror = await lab.addMirror();
    const plain = await lab.client.mirror(['clone', '--bare', lab.origin.url]);
    expect(plain).toMatchObject({ status: 0, stdout: '', stderr: "Cloning into bare repository 'project.git'...\n" });
    const { repository } = lab.origin;
    const blob = await runGit(['hash-object', '-w', '--stdin'], { cwd: repository.path, input: `${mirror.url}\n` });
    await repository.updateRef('refs/mirrors/public', blob);
    lab.forget();
    const cloned = await lab.client.mirror(['clone', lab.origin.url]);
    expect(cloned.stderr).toContain(`refs from mirror ${mirror.url}\n`);
    expect(cloned.status).toBe(0);
    expect(mirror.link.bytesToClients).toBeGreaterThan(500_000);
    const cwd = join(lab.client.work, 'project');
    expect(await lab.client.gitText(['config', 'remote.origin.learnedMirrorUrl'], { cwd })).toBe(mirror.url);
    await lab.commit({ fileBytes: 100_000 });
    await lab.sync(mirror);
    lab.forget();
    expect((await lab.client.mirror(['fetch'], { cwd })).stderr).toContain('taking 1 ref from mirror');
    expect(lab.origin.link.bytesToClients).toBeLessThan(20_000);
    // One of our own flags that does not count here, and a target that is taken: git says so.
    const taken = await lab.client.mirror(['clone', '--no-mirror', `--mirror=${mirror.url}`, lab.origin.url]);
    expect(taken.stderr).toContain("destination path 'project' already exists");
    expect(taken.status).toBe(128);
  },
  timeoutMs,
);
