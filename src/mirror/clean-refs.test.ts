import { describe, expect, it } from 'vitest';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { cleanMirrorRefs } from './clean-refs.ts';
import { openGitProgram } from './git-program.ts';

interface Scene extends AsyncDisposable {
  readonly repository: Repository;
  clean(): ReturnType<typeof cleanMirrorRefs>;
}

async function openScene(): Promise<Scene> {
  const folder = await makeTemporaryFolder();
  const repository = await makeRepository(`${folder.path}/r.git`, { commits: 5, branches: 2, tags: 3 });
  return {
    repository,
    clean: () => cleanMirrorRefs(openGitProgram(process.env, repository.path)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function mirrorRefs(repository: Repository): Promise<readonly string[]> {
  return [...(await repository.refs()).keys()].filter((name) => name.startsWith('refs/mirror/'));
}

describe('cleanMirrorRefs', () => {
  it('M2: does nothing where there is nothing', async () => {
    await using scene = await openScene();
    const before = await scene.repository.refs();
    expect(await scene.clean()).toEqual({ removed: [], kept: [] });
    expect(await scene.repository.refs()).toEqual(before);
  });

  it('M2: removes what the user has, and keeps and names what holds more', async () => {
    await using scene = await openScene();
    const { repository } = scene;
    await repository.updateRef('refs/mirror/h_8080/heads/main', 'main');
    await repository.updateRef('refs/mirror/h_8080/heads/old', 'main~3');
    await repository.updateRef('refs/mirror/other/tags/v1', 'refs/tags/v1');
    const more = await repository.commit('refs/mirror/h_8080/heads/more', { from: await repository.resolve('main') });
    const before = await repository.refs();
    expect(await scene.clean()).toEqual({
      removed: ['refs/mirror/h_8080/heads/main', 'refs/mirror/h_8080/heads/old', 'refs/mirror/other/tags/v1'],
      kept: [{ name: 'refs/mirror/h_8080/heads/more', oid: more }],
    });
    const own = (refs: ReadonlyMap<string, string>) => [...refs].filter(([name]) => !name.startsWith('refs/mirror/'));
    expect(own(await repository.refs())).toEqual(own(before));
    // Merged now.
    await repository.updateRef('refs/heads/main', more);
    expect((await scene.clean()).removed).toEqual(['refs/mirror/h_8080/heads/more']);
    expect(await mirrorRefs(repository)).toEqual([]);
  });

  it('M2: goes by the commit that a tag leads to; by the object for what is no commit', async () => {
    await using scene = await openScene();
    const { repository } = scene;
    await repository.git('tag', '-a', '-m', 'only there', 'elsewhere', 'main');
    await repository.updateRef('refs/mirror/h/tags/elsewhere', 'refs/tags/elsewhere');
    await repository.deleteRef('refs/tags/elsewhere');
    const tree = await repository.resolve('main^{tree}');
    await repository.updateRef('refs/mirror/h/tags/tree', tree);
    const kept = { name: 'refs/mirror/h/tags/tree', oid: tree };
    expect(await scene.clean()).toEqual({ removed: ['refs/mirror/h/tags/elsewhere'], kept: [kept] });
    await repository.updateRef('refs/tags/tree', tree);
    expect((await scene.clean()).removed).toEqual(['refs/mirror/h/tags/tree']);
  });

  it('M2: counts a detached HEAD, and that of another worktree', async () => {
    await using scene = await openScene();
    const { repository } = scene;
    const more = await repository.commit('refs/mirror/h/heads/more', { from: await repository.resolve('main') });
    await repository.git('worktree', 'add', '-q', '--detach', `${repository.path}/../tree`, more);
    expect((await scene.clean()).removed).toEqual(['refs/mirror/h/heads/more']);
  });

  it('M2: a ref of a mirror is no reason to remove another', async () => {
    await using scene = await openScene();
    const { repository } = scene;
    await repository.commit('refs/mirror/h/heads/more', { from: await repository.resolve('main') });
    await repository.updateRef('refs/mirror/other/heads/more', 'refs/mirror/h/heads/more');
    expect((await scene.clean()).kept).toHaveLength(2);
  });

  it('M2: works in a repository that has no commit of its own, and in one of SHA-256', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(`${folder.path}/r.git`, { commits: 2, format: 'sha256' });
    const git = openGitProgram(process.env, repository.path);
    await repository.updateRef('refs/mirror/h/heads/main', 'main');
    await repository.deleteRef('refs/heads/main');
    expect((await cleanMirrorRefs(git)).kept).toHaveLength(1);
    await repository.updateRef('refs/heads/main', 'refs/mirror/h/heads/main');
    expect((await cleanMirrorRefs(git)).removed).toHaveLength(1);
  });
});
