import type { Scenario, ScenarioScene } from '../scenario.ts';
import { makeStandard } from '../served-repositories.ts';
import { runGit } from '../../repositories/run-git.ts';
import { join } from 'node:path';

function deepening(name: string, run: Scenario['run'], more: Partial<Scenario> = {}): Scenario {
  return {
    name: `shallow/${name}`,
    prepare: async (root, format) => {
      await makeStandard(root, format);
    },
    run,
    ...more,
  };
}

async function clone(scene: ScenarioScene, ...words: readonly string[]): Promise<void> {
  await scene.git(['clone', '-q', ...words, scene.url(), 'work']);
}

/** Histories that are cut, and how they grow: every option of depth. */
export const deepenings: readonly Scenario[] = [
  deepening('incremental', async (scene) => {
    await clone(scene, '--depth=2');
    await scene.served().commit('refs/heads/main');
    await scene.work(['fetch']);
    await scene.served().commit('refs/heads/main');
    await scene.work(['fetch', '--depth=1']);
  }),
  deepening('depth-grows', async (scene) => {
    await clone(scene, '--depth=1', '--no-single-branch');
    for (const depth of [3, 4, 100]) await scene.work(['fetch', `--depth=${depth}`]);
  }),
  deepening('depth-shrinks', async (scene) => {
    await clone(scene);
    await scene.work(['fetch', '--depth=2']);
    await scene.work(['fetch', '--depth=1', 'origin', 'topic']);
  }),
  deepening('deepen', async (scene) => {
    await clone(scene, '--depth=1');
    await scene.work(['fetch', '--deepen=2']);
    await scene.work(['fetch', '--deepen=1']);
    await scene.work(['fetch', '--deepen=1000']);
  }),
  deepening('deepen-with-new-commits', async (scene) => {
    await clone(scene, '--depth=2');
    await scene.served().commit('refs/heads/main');
    await scene.served().commit('refs/heads/main');
    await scene.work(['fetch', '--deepen=1']);
  }),
  deepening(
    'deepen-one-branch',
    async (scene) => {
      await clone(scene, '--depth=1', '--no-single-branch');
      await scene.work(['fetch', '--deepen=2', 'origin', 'topic']);
    },
    { imitates: '2.47' },
  ),
  deepening('deepen-complete', async (scene) => {
    await clone(scene);
    await scene.work(['fetch', '--deepen=2']);
  }),
  deepening('unshallow', async (scene) => {
    await clone(scene, '--depth=1');
    await scene.work(['fetch', '--unshallow']);
  }),
  deepening('unshallow-with-new-commits', async (scene) => {
    await clone(scene, '--depth=2', '--no-single-branch');
    await scene.served().commit('refs/heads/main');
    await scene.work(['fetch', '--unshallow', '--tags']);
  }),
  deepening('since', async (scene) => {
    await clone(scene, '--depth=1');
    await scene.work(['fetch', '--shallow-since=1700000010 +0000']);
    await scene.work(['fetch', '--shallow-since=1700000004 +0000', 'origin', '+refs/heads/*:refs/remotes/origin/*']);
  }),
  deepening('exclude', async (scene) => {
    await clone(scene, '--depth=1');
    await scene.work(['fetch', '--shallow-exclude=v1']);
    await scene.work(['fetch', '--shallow-exclude=old/base']);
    await scene.work(['fetch', '--shallow-exclude=v1', '--shallow-exclude=refs/heads/topic']);
  }),
  deepening('exclude-several', async (scene) => {
    await scene.git(['init', '-q', `--object-format=${scene.format}`, 'work']);
    const all = '+refs/heads/*:refs/remotes/origin/*';
    await scene.work(['fetch', '--shallow-exclude=light', '--shallow-exclude=old/base', scene.url(), all]);
  }),
  deepening('since-and-exclude', async (scene) => {
    await scene.git(['init', '-q', `--object-format=${scene.format}`, 'work']);
    const words = ['--shallow-since=1700000006 +0000', '--shallow-exclude=old/base'];
    await scene.work(['fetch', ...words, scene.url(), '+refs/heads/*:refs/remotes/origin/*']);
  }),
  deepening('tags', async (scene) => {
    await clone(scene, '--depth=1');
    await scene.work(['fetch', '--tags']);
  }),
  deepening('local-commits', async (scene) => {
    await clone(scene, '--depth=2');
    await scene.work(['commit', '-q', '--allow-empty', '-m', 'local 1']);
    await scene.served().commit('refs/heads/main');
    await scene.work(['fetch']);
    await scene.work(['fetch', '--deepen=1']);
  }),
  deepening('rewrite', async (scene) => {
    await clone(scene, '--depth=2');
    const repository = scene.served();
    await repository.commit('refs/heads/main', { from: await repository.resolve('main~6'), message: 'rewritten' });
    await scene.work(['fetch']);
  }),
  deepening('progress', async (scene) => {
    await clone(scene, '--depth=1');
    await scene.work(['fetch', '--progress', '--deepen=3']);
  }),
  deepening(
    'of-shallow',
    async (scene) => {
      await clone(scene, '--depth=1');
      await scene.work(['fetch', '--deepen=1']);
      await scene.work(['fetch', '--unshallow']);
      await scene.work(['fetch', '--update-shallow', 'origin', '+refs/heads/*:refs/remotes/origin/*']);
    },
    {
      prepare: async (root, format) => {
        const source = await makeStandard(root, format, {}, 'source');
        const url = `file://${source.path}`;
        await runGit(['clone', '-q', '--bare', '--depth=4', '--no-single-branch', url, join(root, 'repo.git')]);
        await runGit(['remote', 'remove', 'origin'], { cwd: join(root, 'repo.git') });
      },
    },
  ),
  deepening(
    'of-shallow-into-complete',
    async (scene) => {
      await scene.git(['clone', '-q', '--single-branch', '--branch=old/base', scene.url('source'), 'work']);
      await scene.work(['fetch', scene.url(), 'main:refs/heads/theirs']);
      await scene.work(['fetch', '--update-shallow', scene.url(), 'main:refs/heads/theirs', 'topic:refs/heads/topic']);
    },
    {
      prepare: async (root, format) => {
        const source = await makeStandard(root, format, {}, 'source');
        await runGit([
          'clone',
          '-q',
          '--bare',
          '--depth=3',
          '--no-single-branch',
          `file://${source.path}`,
          join(root, 'repo.git'),
        ]);
        await runGit(['remote', 'remove', 'origin'], { cwd: join(root, 'repo.git') });
      },
    },
  ),
];
