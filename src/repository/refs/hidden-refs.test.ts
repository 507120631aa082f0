import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../../../test/repositories/make-repository.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { readGitConfig } from '../config/read-git-config.ts';
import { readLayout } from '../layout/repository-layout.ts';
import { HiddenRefs, readHiddenRefs } from './hidden-refs.ts';
import { NamespacedRefs, namespacePrefix } from './namespaced-refs.ts';
import { openRefStore } from './open-ref-store.ts';

/** Settings as a file of configuration. */
function asFile(settings: readonly (readonly [string, string])[]): string {
  return settings.map(([key, value]) => `[${key.replace('.', ']\n')} = ${value}\n`).join('');
}

/** What a client is shown, peeled names left out. */
function askGit(path: string, version: number, env: Readonly<Record<string, string>>): readonly string[] {
  const environment = { ...process.env, GIT_PROTOCOL: `version=${String(version)}`, ...env };
  const args = ['-c', `protocol.version=${String(version)}`, 'ls-remote', '--symref', path];
  const text = execFileSync('git', args, { env: environment, encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '' && !line.endsWith('^{}'));
}

const pattern = fc
  .tuple(
    fc.constantFrom('', '!', '^', '!^'),
    fc.constantFrom(
      ...['refs/', 'refs', 'refs/heads', 'refs/heads/', 'refs/heads/top', 'refs/heads/topic-1', 'refs/tags///'],
    ),
    fc.constantFrom('', 'refs/namespaces/a/'),
  )
  .map(([marks, name, namespace]) => marks + namespace + name);

describe('hidden refs', () => {
  it('are those that git hides, in namespaces too', { timeout: 120_000 }, async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'repository.git'), { commits: 4, branches: 3, tags: 3 });
    for (const name of (await repository.refs()).keys()) await repository.updateRef(`refs/namespaces/a/${name}`, name);
    await repository.git('symbolic-ref', 'refs/namespaces/a/HEAD', 'refs/namespaces/a/refs/heads/topic-1');
    await repository.configure('include.path', 'hiding');
    const layout = readLayout(repository.path);
    const key = fc.constantFrom('transfer.hideRefs', 'uploadpack.hiderefs', 'receive.hideRefs');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, pattern), { maxLength: 4 }),
        fc.constantFrom('', 'a'),
        (settings, namespace) => {
          writeFileSync(join(repository.path, 'hiding'), asFile(settings));
          const env = { GIT_NAMESPACE: namespace };
          const hidden = readHiddenRefs(readGitConfig(layout, env));
          const refs = new NamespacedRefs(openRefStore(layout), namespacePrefix(namespace));
          const shown = Array.from(refs.list('refs/'))
            .filter(({ name }) => !hidden.isHidden(name, refs.fullName(name)))
            .map(({ oid, name }) => `${oid}\t${name}`);
          const gits = askGit(repository.path, 0, env).filter((line) => !line.endsWith('\tHEAD'));
          expect(shown).toEqual(gits);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('are told by the last rule that fits, up to a slash', () => {
    const hidden = new HiddenRefs([
      'refs/heads',
      '!refs/heads/shown/',
      'refs/heads/shown/not',
      '^refs/namespaces/x/refs/y',
    ]);
    expect(hidden.isEmpty).toBe(false);
    expect(hidden.isHidden('refs/heads/a')).toBe(true);
    expect(hidden.isHidden('refs/headstrong')).toBe(false);
    expect(hidden.isHidden('refs/heads/shown/a')).toBe(false);
    expect(hidden.isHidden('refs/heads/shown/not/a')).toBe(true);
    expect(hidden.isHidden('refs/y', 'refs/namespaces/x/refs/y')).toBe(true);
    expect(hidden.isHidden(undefined, 'refs/heads/a')).toBe(false);
    expect(new HiddenRefs([]).isEmpty).toBe(true);
  });

  it('need a value', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await makeRepository(join(folder.path, 'repository.git'), { commits: 0 });
    const config = readGitConfig(readLayout(path), { GIT_CONFIG_PARAMETERS: "'transfer.hiderefs'=" });
    expect(() => readHiddenRefs(config)).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }));
  });
});

describe('a namespace', () => {
  it('is seen as git shows it, HEAD among the refs', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'repository.git'), { commits: 2, branches: 1 });
    const { path } = repository;
    for (const prefix of ['refs/namespaces/a', 'refs/namespaces/a/refs/namespaces/b', 'refs/namespaces/none']) {
      await repository.git('symbolic-ref', `${prefix}/HEAD`, `${prefix}/refs/heads/main`);
      if (!prefix.endsWith('none')) await repository.updateRef(`${prefix}/refs/heads/main`, 'main');
    }
    await repository.git('symbolic-ref', 'refs/namespaces/a/refs/heads/out', 'refs/heads/main');
    const base = openRefStore(readLayout(path));
    for (const namespace of ['a', 'a/b', '/a//b', 'none', 'missing']) {
      const refs = new NamespacedRefs(base, namespacePrefix(namespace));
      const head = refs.head();
      const shownHead = head?.oid === undefined ? [] : [`ref: ${head.target ?? ''}\tHEAD`, `${head.oid}\tHEAD`];
      const shown = Array.from(refs.list(), ({ oid, name, symrefTarget }) => [
        ...(symrefTarget === undefined ? [] : [`ref: ${symrefTarget}\t${name}`]),
        `${oid}\t${name}`,
      ]);
      // Git prints a null pointer for a target outside of the namespace.
      const gits = askGit(path, 2, { GIT_NAMESPACE: namespace }).filter((line) => !line.startsWith('ref: (null)'));
      expect([...shownHead, ...shown.flat()]).toEqual(gits);
      expect(refs.version()).toBe(base.version());
    }
    const a = new NamespacedRefs(base, namespacePrefix('a'));
    expect(a.head()?.target).toBe('refs/heads/main');
    expect(a.find('HEAD')?.symrefTarget).toBe('refs/heads/main');
    expect(a.find('refs/heads/topic-1')).toBeUndefined();
    const none = new NamespacedRefs(base, namespacePrefix('none'));
    expect(none.head()).toEqual({ target: 'refs/heads/main', oid: undefined });
    expect(new NamespacedRefs(base, '').head()).toEqual(base.head());
    expect(() => namespacePrefix('a..b')).toThrow('bad git namespace path "a..b"');
  });
});
