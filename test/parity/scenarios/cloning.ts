import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runGit } from '../../repositories/run-git.ts';
import type { Scenario } from '../scenario.ts';
import { makeEmpty, makeStandard, type Settings } from '../served-repositories.ts';

const filters: Settings = { 'uploadpack.allowFilter': 'true', 'uploadpack.allowAnySHA1InWant': 'true' };

function clone(
  name: string,
  words: readonly string[],
  more: Partial<Scenario> = {},
  settings: Settings = {},
): Scenario {
  return {
    name: `clone/${name}`,
    prepare: async (root, format) => {
      await makeStandard(root, format, settings);
    },
    run: async (scene) => {
      await scene.git(['clone', ...words, scene.url(), 'work']);
    },
    ...more,
  };
}

/** `git clone`, with each way of asking for less, of each kind of repository. */
export const cloning: readonly Scenario[] = [
  clone('plain', []),
  clone('bare', ['--bare']),
  clone('mirror', ['--mirror']),
  clone('quiet', ['--quiet']),
  clone('progress', ['--progress']),
  clone('no-checkout', ['--no-checkout']),
  clone('single-branch', ['--single-branch']),
  clone('branch', ['--branch', 'topic']),
  clone('branch-alone', ['--single-branch', '--branch=topic']),
  clone('branch-of-tag', ['--branch=v1', '--single-branch']),
  clone('branch-missing', ['--branch=none']),
  clone('no-tags', ['--no-tags', '--single-branch']),
  clone('server-option', ['--server-option=colour=blue']),
  clone('depth-1', ['--depth=1']),
  clone('depth-2-all-branches', ['--depth=2', '--no-single-branch']),
  clone('depth-3-of-tag', ['--depth=3', '--branch=v2']),
  clone('depth-beyond', ['--depth=1000']),
  clone('depth-1-progress', ['--depth=1', '--progress']),
  clone('shallow-since', ['--shallow-since=1700000009 +0000']),
  clone('shallow-since-too-late', ['--shallow-since=2000000000 +0000']),
  clone('shallow-exclude', ['--shallow-exclude=v1']),
  clone('shallow-exclude-branch', ['--shallow-exclude=old/base', '--no-single-branch']),
  clone('shallow-exclude-missing', ['--shallow-exclude=none']),
  clone('filter-blob-none', ['--filter=blob:none'], {}, filters),
  clone('filter-blob-none-bare', ['--filter=blob:none', '--bare'], {}, filters),
  clone('filter-blob-limit', ['--filter=blob:limit=1k'], {}, filters),
  clone('filter-blob-limit-0', ['--filter=blob:limit=0', '--no-checkout'], {}, filters),
  clone('filter-tree-0', ['--filter=tree:0'], {}, filters),
  clone('filter-tree-1', ['--filter=tree:1', '--no-checkout'], {}, filters),
  clone('filter-tree-2', ['--filter=tree:2', '--no-checkout'], {}, filters),
  clone('filter-combined', ['--filter=combine:blob:limit=2k+tree:3', '--no-checkout'], {}, filters),
  clone('filter-twice', ['--filter=blob:none', '--filter=tree:2', '--no-checkout'], {}, filters),
  clone('filter-object-type', ['--filter=object:type=commit', '--bare'], { since: '2.32' }, filters),
  clone('filter-object-type-blob', ['--filter=object:type=blob', '--bare'], { since: '2.32' }, filters),
  clone('filter-not-allowed', ['--filter=blob:none']),
  clone('filter-kind-not-allowed', ['--filter=tree:0'], {}, { ...filters, 'uploadpackfilter.tree.allow': 'false' }),
  clone(
    'filter-depth-not-allowed',
    ['--filter=tree:5', '--no-checkout'],
    {},
    { ...filters, 'uploadpackfilter.tree.maxDepth': '2' },
  ),
  clone(
    'filter-others-not-allowed',
    ['--filter=blob:none', '--no-checkout'],
    {},
    {
      ...filters,
      'uploadpackfilter.allow': 'false',
      'uploadpackfilter.blob:none.allow': 'true',
    },
  ),
  clone('filter-and-depth', ['--filter=blob:none', '--depth=1'], {}, filters),
  {
    name: 'clone/filter-sparse-oid',
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format, filters);
      const rules = '/*\n!/src/\n/src/part-1/\n';
      const blob = await runGit(['hash-object', '-w', '--stdin'], { cwd: repository.path, input: rules });
      const tree = await runGit(['mktree'], { cwd: repository.path, input: `100644 blob ${blob}\trules\n` });
      await repository.updateRef('refs/tags/sparse', tree);
    },
    run: async (scene) => {
      const oid = await scene.served().resolve('refs/tags/sparse:rules');
      await scene.git(['clone', '--no-checkout', `--filter=sparse:oid=${oid}`, scene.url(), 'work']);
      await scene.git(['clone', '--bare', '--filter=sparse:oid=v1:no-such-path', scene.url(), 'other']);
    },
  },
  {
    name: 'clone/empty',
    prepare: async (root, format) => {
      await makeEmpty(root, format);
    },
    run: async (scene) => {
      await scene.git(['clone', scene.url(), 'work']);
      await scene.git(['clone', '--bare', '--depth=1', scene.url(), 'bare']);
    },
  },
  {
    name: 'clone/empty-unborn-ignored',
    prepare: async (root, format) => {
      await makeEmpty(root, format, { 'lsrefs.unborn': 'ignore' });
    },
    run: async (scene) => {
      await scene.git(['clone', scene.url(), 'work']);
    },
  },
  clone('unborn-head', [], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('symbolic-ref', 'HEAD', 'refs/heads/not-yet');
    },
  }),
  clone('detached-head', [], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('update-ref', '--no-deref', 'HEAD', 'topic');
    },
  }),
  clone('sideband-all', [], {}, { 'uploadpack.allowSidebandAll': 'true' }),
  clone('ref-in-want', ['--branch=topic'], {}, { 'uploadpack.allowRefInWant': 'true' }),
  clone('session-id', ['--config=transfer.advertiseSID=true'], {}, { 'transfer.advertiseSID': 'true' }),
  clone('hidden', ['--mirror'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.updateRef('refs/internal/one', 'topic');
      await repository.deleteRef('refs/heads/topic');
      await repository.configure('transfer.hideRefs', 'refs/internal');
    },
  }),
  clone('namespace', ['--mirror'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.updateRef('refs/namespaces/one/refs/heads/main', 'main~2');
      await repository.git('symbolic-ref', 'refs/namespaces/one/HEAD', 'refs/namespaces/one/refs/heads/main');
    },
    namespace: 'one',
  }),
  clone('packed', [], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('repack', '-a', '-d', '-q', '--write-bitmap-index');
      await repository.git('pack-refs', '--all');
      await repository.git('commit-graph', 'write', '--reachable', '--no-progress');
    },
  }),
  clone('many-packs', [], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      for (let step = 0; step < 3; step += 1) {
        await repository.commit('refs/heads/main');
        await repository.git('repack', '-q', '-d');
      }
      await repository.git('multi-pack-index', 'write', '--no-progress');
      await repository.commit('refs/heads/main');
    },
  }),
  clone('alternates', [], {
    prepare: async (root, format) => {
      const base = await makeStandard(root, format, {}, 'base');
      const repository = await makeEmpty(root, format);
      await mkdir(join(repository.path, 'objects', 'info'), { recursive: true });
      await writeFile(join(repository.path, 'objects', 'info', 'alternates'), '../../base.git/objects\n');
      await repository.updateRef('refs/heads/main', await base.resolve('main'));
      await repository.commit('refs/heads/main');
    },
  }),
  clone('replace-refs', ['--mirror'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('replace', await repository.resolve('main~3'), await repository.resolve('topic'));
    },
  }),
  clone('grafts', [], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await mkdir(join(repository.path, 'info'), { recursive: true });
      await writeFile(join(repository.path, 'info', 'grafts'), `${await repository.resolve('main~4')}\n`);
    },
  }),
  ...['plain', 'depth-1', 'depth-2', 'rejected'].map((kind): Scenario =>
    clone(
      `of-shallow-${kind}`,
      kind === 'rejected' ? ['--reject-shallow'] : kind === 'plain' ? [] : [`--${kind.replace('-', '=')}`],
      {
        since: '2.32',
        prepare: async (root, format) => {
          const source = await makeStandard(root, format, {}, 'source');
          const path = join(root, 'repo.git');
          await runGit(['clone', '-q', '--bare', '--depth=3', `file://${source.path}`, path]);
          await runGit(['remote', 'remove', 'origin'], { cwd: path });
        },
      },
    ),
  ),
  clone('of-promisor', [], {
    prepare: async (root, format) => {
      const source = await makeStandard(root, format, filters, 'source');
      const path = join(root, 'repo.git');
      await runGit(['clone', '-q', '--bare', '--filter=blob:none', `file://${source.path}`, path]);
      // The remote of the remote is not to be reached from wherever this is copied to.
      await runGit(['config', 'remote.origin.url', '/nonexistent/source.git'], { cwd: path });
    },
  }),
  clone('of-promisor-same-filter', ['--filter=blob:none', '--bare'], {
    prepare: async (root, format) => {
      const source = await makeStandard(root, format, filters, 'source');
      const path = join(root, 'repo.git');
      await runGit(['clone', '-q', '--bare', '--filter=blob:none', `file://${source.path}`, path]);
      await runGit(['config', 'remote.origin.url', '/nonexistent/source.git'], { cwd: path });
      await runGit(['config', 'uploadpack.allowFilter', 'true'], { cwd: path });
    },
  }),
  {
    name: 'clone/bundle-uri',
    since: '2.40',
    protocols: [2],
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format, {
        'uploadpack.advertiseBundleURIs': 'true',
        'bundle.version': '1',
        'bundle.mode': 'all',
        'bundle.heuristic': 'creationToken',
        'bundle.first.uri': 'http://127.0.0.1:1/first.bundle',
        'bundle.first.creationToken': '1',
        'bundle.second.uri': 'second.bundle',
      });
      await repository.configure('transfer.bundleURI', 'true');
    },
    run: async (scene) => {
      await scene.git(['-c', 'transfer.bundleURI=true', 'clone', scene.url(), 'work']);
    },
  },
  {
    name: 'clone/missing-object',
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      // Small imports are unpacked at once, so each object has a file of its own.
      const blob = await repository.resolve('main:assets/large.bin');
      await rm(join(repository.path, 'objects', blob.slice(0, 2), blob.slice(2)));
    },
    run: async (scene) => {
      await scene.git(['clone', scene.url(), 'work']);
    },
  },
];
