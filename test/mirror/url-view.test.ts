import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/open-kernel.ts';
import { RepositoryCache } from '../../src/repository/open-repository.ts';
import { isNeedsGitError } from '../../src/server/git-backend.ts';
import { openNativeBackend, type NativeBackend } from '../../src/server/native-backend.ts';
import { RepositoryRoot } from '../../src/server/repository-root.ts';
import { encodeMirrorKeys } from '../../src/wire/mirrors/git-protocol-keys.ts';
import { refDigest } from '../../src/wire/mirrors/ref-digest.ts';
import { viewRefs } from '../../src/upload/refs-view.ts';
import { gitVersions } from '../git-versions.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { startGitFront, type GitFront } from '../serving/git-front.ts';
import { runOurs } from '../upload/both-services.ts';
import { withRepository } from '../upload/open-repository.ts';
import { runProgram, type ProgramRun } from './run-program.ts';

/** What the origin is called everywhere; nothing listens there. */
const canonical = 'https://Origin.Example:443/group/project.git/';
/** The same as a client may write it. */
const named = 'https://origin.example/group/project';
const versions = gitVersions();

let folder: TemporaryFolder;
let origin: Repository;
/** A working copy with branches, notes and a stash of its own. */
let copy: Repository;
let native: NativeBackend;
let front: GitFront;
let clones = 0;

function run(program: string, args: readonly string[], cwd: string = folder.path): Promise<ProgramRun> {
  return runProgram(program, args, cwd);
}

/** Flags that make a stock client send the key `url`, whatever version of the protocol it speaks. */
function asking(url: string, version: 0 | 1 | 2 = 2): readonly string[] {
  const keys = `${version === 0 ? '' : `version=${version}:`}${encodeMirrorKeys({ asksForMirrors: false, url })}`;
  return ['-c', `protocol.version=${version}`, '-c', `http.extraHeader=Git-Protocol: ${keys}`];
}

/** Lines of `git ls-remote` for a repository, as it lists itself. */
async function listing(program: string, repository: string): Promise<string> {
  return (await run(program, ['ls-remote', repository])).stdout;
}

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  origin = await makeRepository(join(folder.path, 'origin.git'), { commits: 8, branches: 2, tags: 3 });
  await run('git', ['clone', '-q', origin.path, join(folder.path, 'root', 'work')]);
  copy = new Repository(join(folder.path, 'root', 'work', '.git'));
  await copy.git('config', 'remote.origin.url', canonical);
  await copy.git('config', `url.${origin.path}.insteadOf`, canonical);
  await copy.git('update-ref', 'refs/heads/mine', 'refs/remotes/origin/topic-1');
  await copy.git('update-ref', 'refs/notes/commits', 'refs/remotes/origin/main');
  await copy.git('update-ref', 'refs/stash', 'refs/remotes/origin/main');
  native = openNativeBackend({ workers: 1, cacheBytes: 0 });
  const repositories = new RepositoryRoot(join(folder.path, 'root'), { exportAll: true });
  front = await startGitFront({ repositories, backend: native.backend });
});
beforeEach(async () => {
  for (const key of ['mirror.serveRemote', 'mirror.canonicalUrl', 'transfer.hideRefs', 'uploadpack.allowRefInWant']) {
    await run('git', ['config', '--unset-all', key], copy.path);
  }
});
afterAll(async () => {
  await front.close();
  await native.upload.close();
  await folder[Symbol.asyncDispose]();
});

async function listed(url: string | undefined, version: 0 | 1 | 2 = 2, program = 'git'): Promise<ProgramRun> {
  const flags = url === undefined ? ['-c', `protocol.version=${version}`] : asking(url, version);
  return run(program, [...flags, 'ls-remote', `${front.url}work/.git`]);
}

describe('M6: a working copy serves its origin to whoever asks for that', () => {
  it.each(versions.flatMap((git) => ([0, 1, 2] as const).map((version) => ({ ...git, protocol: version }))))(
    'lists what the origin lists: git $version, protocol $protocol',
    async ({ program, protocol }) => {
      const result = await listed(named, protocol, program);
      expect(result.stderr).toBe('');
      expect(result.stdout).toBe(await listing(program, origin.path));
    },
  );

  it.each(versions)('is cloned, and fetched from again: git $version', async ({ program }) => {
    clones += 1;
    const clone = join(folder.path, `clone-${clones}`);
    const url = `${front.url}work/.git`;
    expect(await run(program, [...asking(named), 'clone', '-q', url, clone])).toMatchObject({ status: 0 });
    const refs = async (): Promise<string> =>
      (await run(program, ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/remotes', 'refs/tags'], clone))
        .stdout;
    const expected = async (): Promise<string> => {
      const lines = [...(await origin.refs())].map(
        ([name, oid]) => `${oid} ${name.replace('refs/heads/', 'refs/remotes/origin/')}`,
      );
      lines.push(`${await origin.resolve('HEAD')} refs/remotes/origin/HEAD`);
      return (
        lines.sort((left, right) => ((left.split(' ')[1] ?? '') < (right.split(' ')[1] ?? '') ? -1 : 1)).join('\n') +
        '\n'
      );
    };
    expect(await refs()).toBe(await expected());
    await origin.commit('refs/heads/main');
    await origin.commit(`refs/heads/new-${clones}`, { from: 'refs/heads/main' });
    // Nothing is known here before the copy has fetched it.
    expect((await listed(named)).stdout).not.toBe(await listing('git', origin.path));
    await copy.git('fetch', '-q', 'origin');
    expect(await run(program, [...asking(named, 0), 'fetch', '-q', 'origin'], clone)).toMatchObject({ status: 0 });
    expect(await refs()).toBe(await expected());
    expect(await run(program, ['fsck', '--strict'], clone)).toMatchObject({ status: 0 });
  });

  it('shows its own refs to everybody else', async () => {
    const result = await listed(undefined);
    expect(result.stdout).toBe(await listing('git', copy.path));
    expect(result.stdout).toContain('refs/heads/mine');
    await copy.configure('mirror.canonicalUrl', 'https://work.example/copy');
    expect((await listed('https://work.example/copy.git')).stdout).toBe(result.stdout);
  });

  it.each([0, 1, 2] as const)('says what it is known as when it is no copy of that: protocol %s', async (version) => {
    await copy.git('config', 'remote.origin.url', 'https://user:secret@origin.example/group/project');
    await copy.configure('mirror.canonicalUrl', 'https://work.example/copy');
    const result = await listed('https://elsewhere.example/x?token=secret', version);
    await copy.git('config', 'remote.origin.url', canonical);
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain(
      'remote error: this repository is no copy of https://elsewhere.example/x?token=***; ' +
        'it is known as https://work.example/copy, https://origin.example/group/project',
    );
  });

  it('says so of a URL that is none', async () => {
    const keys = 'version=2:url=https%3A//x/%0a';
    const flags = ['-c', `http.extraHeader=Git-Protocol: ${keys}`];
    const result = await run('git', [...flags, 'ls-remote', `${front.url}work/.git`]);
    expect(result.stderr).toContain('remote error: the key url of Git-Protocol holds no URL');
  });

  it('hides under every name what is hidden', async () => {
    const all = (await listed(named)).stdout;
    await copy.configure('transfer.hideRefs', 'refs/heads/topic-1');
    const lines = all.split('\n').filter((line) => !line.endsWith('/topic-1'));
    expect(lines.join('\n')).not.toBe(all);
    expect((await listed(named)).stdout).toBe(lines.join('\n'));
    await copy.git('config', 'transfer.hideRefs', 'refs/remotes/origin/topic-1');
    expect((await listed(named, 0)).stdout).toBe(lines.join('\n'));
  });

  it('takes refs by the names that are shown, and no others', async () => {
    await copy.configure('uploadpack.allowRefInWant', 'true');
    const into = join(folder.path, 'want-ref.git');
    await run('git', ['init', '-q', '--bare', into]);
    const fetch = (ref: string): Promise<ProgramRun> =>
      run('git', [...asking(named), 'fetch', '-q', `${front.url}work/.git`, `${ref}:refs/heads/x`], into);
    expect(await fetch('refs/heads/main')).toMatchObject({ status: 0 });
    expect((await fetch('refs/heads/mine')).stderr).toMatch(/couldn't find remote ref refs\/heads\/mine/);
  });

  it('cuts history at what the origin calls a branch', async () => {
    const into = join(folder.path, 'shallow');
    const flags = [...asking(named), 'clone', '-q', '--shallow-exclude=topic-2', '--single-branch'];
    expect(await run('git', [...flags, `${front.url}work/.git`, into])).toMatchObject({ status: 0 });
    expect(await run('git', ['fsck'], into)).toMatchObject({ status: 0 });
    const cut = await run('git', ['rev-list', '--count', 'HEAD'], into);
    const whole = await run('git', ['rev-list', '--count', 'HEAD', '^topic-2'], origin.path);
    expect(cut.stdout).toBe(whole.stdout);
    const mine = ['clone', '-q', '--shallow-exclude=mine', '--single-branch', `${front.url}work/.git`, `${into}-2`];
    expect(await run('git', [...asking(named), ...mine])).not.toMatchObject({ status: 0 });
  });

  it('has the digest of the origin', async () => {
    const digestAt = (path: string, url: string | undefined): Promise<string | undefined> =>
      withRepository(path, async (repository) => {
        const view = viewRefs(repository, { namespace: '', url });
        return Promise.resolve(
          view.kind === 'served' ? refDigest(view.refs.list('refs/'), view.refs.head()?.target) : undefined,
        );
      });
    await copy.git('fetch', '-q', 'origin');
    expect(await digestAt(copy.path, named)).toBe(await digestAt(origin.path, undefined));
    expect(await digestAt(copy.path, undefined)).not.toBe(await digestAt(origin.path, undefined));
    expect(await digestAt(copy.path, 'https://elsewhere.example/x')).toBeUndefined();
  });
});

describe('M6: mirror.serveRemote', () => {
  it.each(versions)('serves the origin to everybody: git $version', async ({ program }) => {
    await copy.configure('mirror.serveRemote', 'origin');
    await copy.git('fetch', '-q', 'origin');
    const own = await listing(program, origin.path);
    for (const version of [0, 1, 2] as const) expect((await listed(undefined, version, program)).stdout).toBe(own);
    expect((await listed(named, 2, program)).stdout).toBe(own);
    expect((await listed('https://elsewhere.example/x', 2, program)).stderr).toContain('is no copy of');
    const into = join(folder.path, `served-${(clones += 1)}`);
    expect(await run(program, ['clone', '-q', `${front.url}work/.git`, into])).toMatchObject({ status: 0 });
    expect((await run(program, ['log', '-1', '--format=%H'], into)).stdout.trim()).toBe(await origin.resolve('main'));
    expect(await run(program, ['fsck', '--strict'], into)).toMatchObject({ status: 0 });
  });

  it('holds for the dumb protocol too', async () => {
    await copy.configure('mirror.serveRemote', 'origin');
    const refs = await (await fetch(`${front.url}work/.git/info/refs`)).text();
    expect(refs).toContain('\trefs/heads/main\n');
    expect(refs).not.toMatch(/refs\/(?:heads\/mine|stash|notes|remotes)/);
    expect(await (await fetch(`${front.url}work/.git/HEAD`)).text()).toBe('ref: refs/heads/main\n');
  });

  it('is an error of the server when there is no such remote', async () => {
    await copy.configure('mirror.serveRemote', 'upstream');
    const response = await fetch(`${front.url}work/.git/info/refs?service=git-upload-pack`);
    expect(response.status).toBe(500);
  });
});

describe('M6: what only git can serve', () => {
  const hooked = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'uploadpack.packObjectsHook', GIT_CONFIG_VALUE_0: '/hook' };

  it.each([
    [undefined, 'only git itself can follow'],
    [named, 'The refs of the remote origin are served: uploadpack.packObjectsHook cannot be followed'],
  ])('is left to git, but not the refs of a remote: %s', async (url, message) => {
    const cache = new RepositoryCache({ kernel: openKernel(), env: { ...process.env, ...hooked } });
    const lease = cache.acquire(copy.path);
    const keys = url === undefined ? '' : `:${encodeMirrorKeys({ asksForMirrors: false, url })}`;
    const request = { mode: 'answer', gitProtocol: `version=2${keys}`, input: Buffer.from('0000') } as const;
    const result = await runOurs(lease.repository, request);
    lease.release();
    cache.close();
    expect(result.failure).toContain(message);
    expect(isNeedsGitError(result.error)).toBe(url === undefined);
  });
});

describe('M6: other kinds of copies', () => {
  it.each([
    ['git clone --bare', ['clone', '-q', '--bare']],
    ['git clone --mirror', ['clone', '-q', '--mirror']],
  ])('%s serves its refs as they are', async (_what, args) => {
    const name = `bare-${(clones += 1)}.git`;
    const path = join(folder.path, 'root', name);
    await run('git', [...args, origin.path, path]);
    await run('git', ['config', 'remote.origin.url', canonical], path);
    const result = await run('git', [...asking(named), 'ls-remote', front.url + name]);
    expect(result.stdout).toBe(await listing('git', path));
    const unknown = await run('git', [...asking('https://elsewhere.example/x'), 'ls-remote', front.url + name]);
    expect(unknown.stderr).toContain('is no copy of');
  });

  it('one with a reftable, of a repository with SHA-256, serves it like any other', async () => {
    const program = versions.at(-1)?.program ?? 'git';
    const from = await makeRepository(join(folder.path, 'sha256.git'), {
      commits: 4,
      branches: 40,
      tags: 3,
      format: 'sha256',
    });
    const path = join(folder.path, 'root', 'reftable');
    const clone = ['clone', '-q', '--ref-format=reftable', from.path, path];
    expect(await run(program, clone)).toMatchObject({ status: 0, stderr: '' });
    await run(program, ['config', 'remote.origin.url', canonical], path);
    await run(program, ['branch', 'mine'], path);
    for (const version of [0, 2] as const) {
      const result = await run(program, [...asking(named, version), 'ls-remote', `${front.url}reftable/.git`]);
      expect(result.stdout).toBe(await listing(program, from.path));
    }
    const into = join(folder.path, 'from-reftable');
    expect(await run(program, [...asking(named), 'clone', '-q', `${front.url}reftable/.git`, into])).toMatchObject({
      status: 0,
    });
    expect(await run(program, ['fsck', '--strict'], into)).toMatchObject({ status: 0 });
  });

  it('a copy of one branch is no copy', async () => {
    const path = join(folder.path, 'root', 'one');
    await run('git', ['clone', '-q', '--single-branch', origin.path, path]);
    await run('git', ['config', 'remote.origin.url', canonical], path);
    const result = await run('git', [...asking(named), 'ls-remote', `${front.url}one/.git`]);
    expect(result.stderr).toContain('; it has no other URL');
  });
});
