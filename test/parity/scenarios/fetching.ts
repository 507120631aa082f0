import { runGit } from '../../repositories/run-git.ts';
import type { Scenario, ScenarioScene } from '../scenario.ts';
import { makeLine, makeStandard, type Settings } from '../served-repositories.ts';

type Run = Scenario['run'];

const filters: Settings = { 'uploadpack.allowFilter': 'true', 'uploadpack.allowAnySHA1InWant': 'true' };

function fetching(name: string, run: Run, settings: Settings = {}, more: Partial<Scenario> = {}): Scenario {
  return {
    name: `fetch/${name}`,
    prepare: async (root, format) => {
      await makeStandard(root, format, settings);
    },
    run,
    ...more,
  };
}

async function clone(scene: ScenarioScene, ...words: readonly string[]): Promise<void> {
  await scene.git(['clone', '-q', ...words, scene.url(), 'work']);
}

/** Clones, lets `change` happen on the server, and fetches with `words`. */
function after(change: (scene: ScenarioScene) => Promise<void>, ...words: readonly string[]): Run {
  return async (scene) => {
    await clone(scene);
    await change(scene);
    await scene.work(['fetch', ...words]);
  };
}

async function advance(scene: ScenarioScene): Promise<void> {
  await scene.served().commit('refs/heads/main');
  await scene.served().commit('refs/heads/main', { files: { 'src/part-1/code.txt': 'all new\n' } });
}

async function rewrite(scene: ScenarioScene): Promise<void> {
  const repository = scene.served();
  await repository.commit('refs/heads/main', { from: await repository.resolve('main~4'), message: 'rewritten' });
}

async function tagAgain(scene: ScenarioScene): Promise<void> {
  const repository = scene.served();
  await advance(scene);
  const env = { GIT_COMMITTER_DATE: '1700002000 +0000' };
  await runGit(['tag', '-a', '-m', 'three', 'v3', 'main'], { cwd: repository.path, env });
  await runGit(['tag', '-a', '-m', 'three of three', 'v3-again', 'v3'], { cwd: repository.path, env });
  await repository.updateRef('refs/tags/on-topic', 'topic~1');
  await repository.git('tag', 'outside', await repository.commit('refs/outside/one', { from: null }));
}

/** Commits of the client's own, which the server does not know. */
async function commitLocally(scene: ScenarioScene, count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    await scene.work(['commit', '-q', '--allow-empty', '-m', `local ${number}`]);
  }
}

/** `git fetch` into a repository that has something already. */
export const fetches: readonly Scenario[] = [
  fetching(
    'nothing-new',
    after(async () => undefined),
  ),
  fetching('incremental', after(advance)),
  fetching('incremental-progress', after(advance, '--progress')),
  fetching('incremental-no-tags', after(tagAgain, '--no-tags')),
  fetching('tags-followed', after(tagAgain)),
  fetching('all-tags', after(tagAgain, '--tags')),
  fetching('rewrite', after(rewrite)),
  fetching('rewrite-refused', after(rewrite, 'origin', 'main:refs/remotes/origin/main')),
  fetching(
    'prune',
    after(
      async (scene) => {
        await scene.served().deleteRef('refs/heads/topic');
        await advance(scene);
      },
      '--prune',
      '--prune-tags',
    ),
  ),
  fetching(
    'new-branch',
    after(async (scene) => {
      await scene.served().commit('refs/heads/new', { from: await scene.served().resolve('topic') });
    }),
  ),
  fetching(
    'unrelated-history',
    after(async (scene) => {
      await scene.served().commit('refs/heads/orphan', { from: null });
    }),
  ),
  fetching('server-option', after(advance, '--server-option=a', '-o', 'b=c'), {}, { protocols: [2] }),
  fetching('dry-run', after(advance, '--dry-run')),
  fetching('keep', after(advance, '--keep')),
  fetching('refspec', after(advance, 'origin', '+refs/heads/*:refs/other/*', '^refs/heads/old/*')),
  fetching('one-ref', after(advance, 'origin', 'main')),
  fetching('missing-ref', after(advance, 'origin', 'nothing')),
  fetching('with-local-commits', async (scene) => {
    await clone(scene);
    await commitLocally(scene, 3);
    await advance(scene);
    await scene.work(['fetch']);
  }),
  fetching('many-local-commits', async (scene) => {
    await clone(scene);
    await commitLocally(scene, 40);
    await advance(scene);
    await scene.work(['fetch']);
    await scene.work(['-c', 'fetch.negotiationAlgorithm=skipping', 'fetch', 'origin', 'topic']);
  }),
  {
    name: 'fetch/negotiation',
    prepare: async (root, format) => {
      await makeLine(root, format, 120);
      await makeLine(root, format, 120, {}, 'other');
    },
    run: async (scene) => {
      await clone(scene);
      const other = scene.served('other');
      await runGit(['fetch', '-q', other.path, 'main:refs/heads/other'], { cwd: scene.served().path });
      for (let number = 0; number < 3; number += 1) await other.commit('refs/heads/main');
      await scene.work(['fetch', scene.url('other'), 'main:refs/heads/other']);
      for (const algorithm of ['skipping', 'noop', 'consecutive']) {
        await other.commit('refs/heads/main');
        await scene.work(['-c', `fetch.negotiationAlgorithm=${algorithm}`, 'fetch', scene.url('other'), 'main']);
      }
    },
  },
  fetching('negotiation-tip', async (scene) => {
    await clone(scene);
    await advance(scene);
    await scene.work(['fetch', '--negotiation-tip=origin/topic', 'origin', 'main']);
  }),
  fetching(
    'negotiate-only',
    async (scene) => {
      await clone(scene);
      await commitLocally(scene, 2);
      await advance(scene);
      await scene.work(['fetch', '--negotiate-only', '--negotiation-tip=HEAD', 'origin']);
      await scene.work([
        'fetch',
        '--negotiate-only',
        '--negotiation-tip=origin/main',
        '--negotiation-tip=v1',
        'origin',
      ]);
    },
    {},
    { since: '2.32' },
  ),
  ...[
    ['refused', {}],
    ['of-a-tip', { 'uploadpack.allowTipSHA1InWant': 'true', 'uploadpack.hideRefs': 'refs/heads/topic' }],
    ['reachable', { 'uploadpack.allowReachableSHA1InWant': 'true' }],
    ['any', { 'uploadpack.allowAnySHA1InWant': 'true' }],
  ].map(([kind, settings]): Scenario =>
    fetching(
      `object-name-${kind as string}`,
      async (scene) => {
        await scene.git(['init', '-q', `--object-format=${scene.format}`, 'work']);
        const repository = scene.served();
        const unreachable = await runGit(['commit-tree', '-m', 'unreachable', 'main^{tree}'], {
          cwd: repository.path,
          env: { GIT_AUTHOR_DATE: '1700003000 +0000', GIT_COMMITTER_DATE: '1700003000 +0000' },
        });
        const names = ['topic', 'main~3', 'v1', 'main^{tree}', 'main:README.md'];
        for (const name of names) await scene.work(['fetch', scene.url(), await repository.resolve(name)]);
        await scene.work(['fetch', scene.url(), unreachable]);
        await scene.work(['fetch', scene.url(), '1'.repeat(unreachable.length)]);
      },
      settings as Settings,
    ),
  ),
  fetching(
    'ref-in-want',
    async (scene) => {
      await clone(scene);
      await advance(scene);
      await scene.work(['fetch', 'origin', 'main', 'refs/tags/v1:refs/tags/one']);
      await scene.work(['fetch', 'origin', 'nothing']);
      await scene.work(['fetch', 'origin', 'refs/heads/*:refs/remotes/origin/*']);
    },
    { 'uploadpack.allowRefInWant': 'true' },
  ),
  fetching('sideband-all', after(tagAgain), { 'uploadpack.allowSidebandAll': 'true' }),
  fetching(
    'hidden',
    after(
      async (scene) => {
        await scene.served().updateRef('refs/internal/new', await scene.served().commit('refs/heads/tmp'));
        await scene.served().deleteRef('refs/heads/tmp');
        await scene.served().configure('transfer.hideRefs', 'refs/internal');
      },
      'origin',
      '+refs/*:refs/all/*',
    ),
  ),
  fetching(
    'namespace',
    after(async (scene) => {
      await advance(scene);
      await scene.served().updateRef('refs/namespaces/one/refs/heads/main', 'refs/heads/main');
      await scene.served().updateRef('refs/namespaces/one/refs/heads/inside', 'refs/heads/topic');
    }),
    {},
    {
      namespace: 'one',
      prepare: async (root, format) => {
        const repository = await makeStandard(root, format);
        await repository.updateRef('refs/namespaces/one/refs/heads/main', 'main~2');
        await repository.git('symbolic-ref', 'refs/namespaces/one/HEAD', 'refs/namespaces/one/refs/heads/main');
      },
    },
  ),
  fetching('alternates-of-client', async (scene) => {
    await clone(scene);
    await advance(scene);
    await scene.git(['clone', '-q', '--reference', 'work', scene.url(), 'second']);
  }),
  fetching(
    'refetch',
    async (scene) => {
      await clone(scene, '--filter=blob:none', '--no-checkout');
      await scene.work(['fetch', '--refetch', '--filter=blob:limit=1k']);
    },
    filters,
    { since: '2.36' },
  ),
  fetching(
    'tag-moved',
    after(async (scene) => {
      await scene.served().updateRef('refs/tags/light', 'topic');
    }, '--tags'),
  ),
  fetching('packed', async (scene) => {
    await scene.served().git('repack', '-adq', '--write-bitmap-index');
    await scene.served().git('commit-graph', 'write', '--reachable', '--no-progress');
    await clone(scene);
    await advance(scene);
    await scene.work(['fetch']);
  }),
  fetching('up-to-date-mirror', async (scene) => {
    await scene.git(['clone', '-q', '--mirror', scene.url(), 'work']);
    await rewrite(scene);
    await tagAgain(scene);
    await scene.work(['fetch', '--prune']);
  }),
  fetching('pull', async (scene) => {
    await clone(scene);
    await advance(scene);
    await scene.work(['pull', '--ff-only']);
  }),
];
