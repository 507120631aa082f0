import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGitProgram } from '../../src/mirror/git-program.ts';
import { hideMirrorRefs } from '../../src/mirror/hide-refs.ts';
import { gitVersions } from '../git-versions.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';

/** A clone with a ref of a mirror that its own refs do not reach, and the git of one version. */
async function openScene(program: string) {
  const folder = await makeTemporaryFolder();
  const origin = await makeRepository(`${folder.path}/origin.git`, { commits: 2, tags: 1 });
  const path = program === 'git' ? {} : { PATH: `${dirname(program)}:${process.env['PATH'] ?? ''}` };
  const run = (cwd: string, ...args: readonly string[]) => runGit(args, { cwd, env: path });
  await runGit(['clone', '-q', origin.path, `${folder.path}/clone`]);
  const clone = (...args: readonly string[]) => run(`${folder.path}/clone`, ...args);
  await clone('commit', '-q', '--allow-empty', '-m', 'more');
  await clone('update-ref', 'refs/mirror/h_8080/heads/more', 'HEAD');
  await clone('update-ref', 'refs/mirror/h_8080/tags/v9', 'HEAD');
  await runGit(['init', '-q', '--bare', `${folder.path}/target.git`]);
  await clone('remote', 'add', 'target', `${folder.path}/target.git`);
  return {
    clone,
    path: folder.path,
    git: openGitProgram({ ...process.env, ...path }, `${folder.path}/clone`),
    target: () => runGit(['for-each-ref', '--format=%(refname)'], { cwd: `${folder.path}/target.git` }),
    run: (...args: readonly string[]) => run(folder.path, ...args),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe.each(gitVersions())('refs of mirrors with git $version', ({ program, version }) => {
  it('M2: are in no ordinary listing, and no short name finds them', async () => {
    await using scene = await openScene(program);
    await hideMirrorRefs(scene.git);
    expect(await scene.clone('version')).toContain(version);
    expect(await scene.clone('log', '--decorate', '--oneline')).not.toContain('mirror');
    expect(await scene.clone('log', '--decorate=full', '--all', '--oneline')).not.toContain('mirror');
    expect(await scene.clone('branch', '--all')).not.toContain('mirror');
    expect(await scene.clone('tag')).not.toContain('v9');
    await expect(scene.clone('rev-parse', '--verify', '--quiet', 'more')).rejects.toThrow();
    await expect(scene.clone('rev-parse', '--verify', '--quiet', 'v9')).rejects.toThrow();
    await expect(scene.clone('rev-parse', '--verify', '--quiet', 'h_8080/heads/more')).rejects.toThrow();
  });

  it('M2: are not seen by whoever fetches from the clone', async () => {
    await using scene = await openScene(program);
    expect(await scene.run('ls-remote', 'clone')).toContain('refs/mirror/');
    await hideMirrorRefs(scene.git);
    expect(await scene.run('ls-remote', 'clone')).not.toContain('refs/mirror/');
    await scene.run('clone', '-q', '--mirror', 'clone', 'copy');
    expect(await scene.run('-C', 'copy', 'for-each-ref')).not.toContain('refs/mirror/');
  });

  it('M2: are not pushed with branches and tags', async () => {
    await using scene = await openScene(program);
    await hideMirrorRefs(scene.git);
    await scene.clone('push', '-q', 'target', 'HEAD');
    await scene.clone('push', '-q', '--all', 'target');
    await scene.clone('push', '-q', '--tags', 'target');
    await scene.clone('push', '-q', '--follow-tags', 'target');
    expect(await scene.target()).not.toContain('mirror');
  });

  it('M2: push --mirror takes them along, unless the other side hides them, too', async () => {
    await using scene = await openScene(program);
    await hideMirrorRefs(scene.git);
    await runGit(['config', 'transfer.hideRefs', 'refs/mirror/'], { cwd: `${scene.path}/target.git` });
    await expect(scene.clone('push', '-q', '--mirror', 'target')).rejects.toThrow(/refs\/mirror|hidden/);
    await runGit(['config', '--unset', 'transfer.hideRefs'], { cwd: `${scene.path}/target.git` });
    await scene.clone('push', '-q', '--mirror', 'target');
    expect(await scene.target()).toContain('refs/mirror/');
  });

  it('M2: the settings are made once, and what the user has set stays', async () => {
    await using scene = await openScene(program);
    await scene.clone('config', 'transfer.hideRefs', 'refs/secret/');
    await hideMirrorRefs(scene.git);
    const once = await scene.clone('config', '--local', '--list');
    await hideMirrorRefs(scene.git);
    expect(await scene.clone('config', '--local', '--list')).toBe(once);
    expect(await scene.clone('config', '--get-all', 'transfer.hideRefs')).toBe('refs/secret/\nrefs/mirror/');
  });

  it('M2: what the user has decided is left alone', async () => {
    await using scene = await openScene(program);
    await scene.clone('config', 'transfer.hideRefs', '!refs/mirror/');
    const before = await scene.clone('config', '--local', '--list');
    await hideMirrorRefs(scene.git);
    expect(await scene.clone('config', '--local', '--list')).toBe(before);
  });
});
