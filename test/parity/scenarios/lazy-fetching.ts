import type { Scenario, ScenarioScene } from '../scenario.ts';
import { makeStandard, type Settings } from '../served-repositories.ts';

const filters: Settings = { 'uploadpack.allowFilter': 'true', 'uploadpack.allowAnySHA1InWant': 'true' };

function lazily(name: string, filter: string, run: Scenario['run'], settings = filters): Scenario {
  return {
    name: `lazy/${name}`,
    prepare: async (root, format) => {
      await makeStandard(root, format, settings);
    },
    run: async (scene) => {
      await scene.git(['clone', '-q', '--no-checkout', `--filter=${filter}`, scene.url(), 'work']);
      await run(scene);
    },
  };
}

async function resolve(scene: ScenarioScene, name: string): Promise<string> {
  return scene.served().resolve(name);
}

/** What a partial clone asks for afterwards. */
export const lazyFetching: readonly Scenario[] = [
  lazily('checkout', 'blob:none', async (scene) => {
    await scene.work(['checkout', '-q', 'main']);
    await scene.work(['checkout', '-q', 'topic']);
  }),
  lazily('one-blob', 'blob:none', async (scene) => {
    await scene.work(['cat-file', '-s', await resolve(scene, 'v1:README.md')]);
    await scene.work(['cat-file', 'blob', await resolve(scene, 'main:docs/manual.txt')]);
  }),
  lazily('trees', 'tree:0', async (scene) => {
    await scene.work(['ls-tree', '-r', 'origin/topic']);
    await scene.work(['log', '--stat', '-1', '--format=%s', 'origin/main']);
  }),
  lazily('tree-1', 'tree:1', async (scene) => {
    await scene.work(['checkout', '-q', 'main']);
  }),
  lazily('limit', 'blob:limit=1k', async (scene) => {
    await scene.work(['checkout', '-q', 'main']);
    await scene.work(['diff', '--stat', 'v1', 'origin/main']);
  }),
  lazily('fetch-afterwards', 'blob:none', async (scene) => {
    await scene.served().commit('refs/heads/main', { files: { 'new/one.txt': 'one\n', 'new/two.txt': 'two\n' } });
    await scene.work(['fetch']);
    await scene.work(['checkout', '-q', 'origin/main']);
  }),
  lazily('fetch-other-filter', 'blob:none', async (scene) => {
    await scene.served().commit('refs/heads/main', { files: { 'new/one.txt': 'one\n' } });
    await scene.work(['fetch', '--filter=tree:0']);
    await scene.work(['fetch', '--no-filter', 'origin', 'main']);
  }),
  lazily('object-gone', 'blob:none', async (scene) => {
    await scene.work(['cat-file', '-p', '1'.repeat(scene.format === 'sha1' ? 40 : 64)]);
  }),
  lazily(
    'not-allowed',
    'blob:none',
    async (scene) => {
      await scene.work(['checkout', '-q', 'main']);
    },
    { 'uploadpack.allowFilter': 'true' },
  ),
];
