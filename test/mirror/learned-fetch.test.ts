import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';
import { startGitDaemon } from '../servers/git-daemon.ts';
import { openLearningScene, type LearningScene, type OriginServer } from './learning-scene.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A mirror of the origin behind an unmodified `git daemon`. */
async function openMirror(scene: LearningScene) {
  const folder = await makeTemporaryFolder();
  await runGit(['clone', '-q', '--mirror', scene.origin.path, `${folder.path}/copy.git`]);
  const daemon = await startGitDaemon({ root: folder.path });
  return {
    url: `git://127.0.0.1:${String(daemon.port)}/copy.git`,
    async [Symbol.asyncDispose]() {
      await daemon.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function fetch(scene: LearningScene, ...words: readonly string[]): Promise<string> {
  const { stderr } = await promisify(execFile)(process.execPath, [main, 'fetch', ...words], { cwd: scene.git.cwd });
  return stderr;
}

describe('git mirror fetch with mirrors that nobody has configured', () => {
  const announce: readonly (readonly [string, OriginServer, (scene: LearningScene, url: string) => Promise<void>])[] = [
    [
      'M5: named by our server',
      'native',
      async (scene, url) => {
        await scene.origin.git('config', 'mirror.advertise', 'true');
        await scene.origin.git('config', 'mirror.mirrorUrl', url);
      },
    ],
    [
      'M8: named by the repository itself, with git at both ends',
      'git-daemon',
      async (scene, url) => scene.announce('refs/mirrors/public', `${url}\n`),
    ],
  ];

  it.each(announce)('%s', async (_name, server, name) => {
    await using scene = await openLearningScene(server);
    await using mirror = await openMirror(scene);
    await name(scene, mirror.url);
    const said = await fetch(scene, '--verbose', 'origin');
    expect(said).toContain('1 mirrors');
    expect(said).toContain(mirror.url);
    expect(await scene.client('rev-parse', 'refs/remotes/origin/main')).toBe(await scene.origin.resolve('main'));
    expect(await scene.client('for-each-ref', 'refs/mirror/', 'refs/mirrors/')).toBe('');
    expect(await scene.client('config', 'transfer.hideRefs')).toBe('refs/mirror/');
    expect(await scene.client('config', 'remote.origin.learnedMirrorUrl')).toBe(mirror.url);
    expect(await scene.client('fsck', '--connectivity-only')).toBe('');
  });

  it('M4: not with a preference of never, nor with --no-mirror', async () => {
    await using scene = await openLearningScene('native');
    await scene.origin.git('config', 'mirror.advertise', 'true');
    // Nobody is there.
    await scene.origin.git('config', 'mirror.mirrorUrl', 'git://127.0.0.1:9/copy.git');
    expect(await fetch(scene, '--verbose', '--no-mirror', 'origin')).not.toContain(':9/');
    await scene.client('config', 'remote.origin.preferMirror', 'never');
    await scene.origin.commit('refs/heads/main');
    expect(await fetch(scene, '--verbose', 'origin')).not.toContain(':9/');
    expect(await scene.client('rev-parse', 'refs/remotes/origin/main')).toBe(await scene.origin.resolve('main'));
  });
});
