import { existsSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { corpusNames, makeCorpus, type CorpusName } from './corpus/corpus.ts';
import { git } from './git.ts';
import { say } from './stage.ts';

/** Puts the made repository `name` into `root`, unless it is there. Returns the name of its folder. */
export async function copyCorpus(root: string, name: string): Promise<string> {
  if (!corpusNames.some((known) => known === name)) throw new Error(`there is no corpus ${name}`);
  say(`making ${name}, unless it is there`);
  const path = await makeCorpus(name as CorpusName);
  // Links that lead out of the folder are not served; what is borrowed from is beside the borrower.
  for (const each of name === 'alt-odb' ? ['alt-odb', 'alt-odb-base'] : [name]) {
    const copy = join(root, `${each}.git`);
    if (!existsSync(copy)) await cp(join(dirname(path), `${each}.git`), copy, { recursive: true });
  }
  return `${name}.git`;
}

/** A copy of the branches and tags of a real repository, packed as `git gc` leaves a bare one. Returns its name in `root`. */
export async function copyReal(root: string, repo: string): Promise<string> {
  const name = `real-${basename(resolve(repo)).replace(/\.git$/, '')}.git`;
  const path = join(root, name);
  if (existsSync(path)) return name;
  say(`copying ${repo}`);
  const partial = `${path}.partial`;
  await rm(partial, { recursive: true, force: true });
  await git('init', '--quiet', '--bare', partial);
  const refspecs = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'];
  await git('--git-dir', partial, 'fetch', '--quiet', '--no-tags', resolve(repo), ...refspecs);
  const head = (await git('--git-dir', resolve(repo), 'symbolic-ref', 'HEAD').catch(() => '')).trim();
  if (head !== '') await git('--git-dir', partial, 'symbolic-ref', 'HEAD', head);
  for (const setting of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant']) {
    await git('--git-dir', partial, 'config', setting, 'true');
  }
  await git('--git-dir', partial, 'config', 'gc.auto', '0');
  await git('--git-dir', partial, 'gc', '--quiet');
  await git('--git-dir', partial, 'commit-graph', 'write', '--reachable', '--no-progress');
  await rename(partial, path);
  return name;
}
