import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitVersions } from '../git-versions.ts';
import { openMirrorLab } from './lab/mirror-lab.ts';

const timeoutMs = 240_000;

test.each(gitVersions().map(({ family }) => family))(
  'M1: a fetch with git %s into partial and shallow clones takes no more from a mirror than they are to have',
  async (version) => {
    await using lab = await openMirrorLab();
    const mirror = await lab.addMirror();
    for (const { repository } of [lab.origin, mirror]) await repository.configure('uploadpack.allowFilter', 'true');
    const kinds = { partial: '--filter=blob:none', shallow: '--depth=2' };
    for (const [name, flag] of Object.entries(kinds)) {
      const cwd = join(lab.client.work, name);
      await lab.client.gitText(['clone', '-q', '--no-checkout', flag, lab.origin.url, name], { version });
      await lab.client.gitText(['config', 'remote.origin.mirrorUrl', mirror.url], { cwd });
    }
    const tip = await lab.commit({ commits: 3, fileBytes: 100_000 });
    await lab.sync(mirror);
    for (const [name, bytes] of [
      ['partial', 0],
      ['shallow', 300_000],
    ] as const) {
      const cwd = join(lab.client.work, name);
      lab.forget();
      const fetched = await lab.client.mirror(['fetch'], { cwd, version });
      expect(fetched.stderr).toContain('taking 1 ref from mirror');
      expect(fetched.status).toBe(0);
      expect(mirror.link.bytesToClients).toBeGreaterThan(bytes);
      expect(mirror.link.bytesToClients).toBeLessThan(bytes + 50_000);
      expect(lab.origin.link.bytesToClients).toBeLessThan(20_000);
      expect(await lab.client.gitText(['rev-parse', 'refs/remotes/origin/main'], { cwd, version })).toBe(tip);
      expect(await lab.client.gitText(['rev-list', '--count', 'origin/main'], { cwd, version })).toBe(
        name === 'partial' ? '15' : '5',
      );
      await lab.client.gitText(['fsck', '--no-dangling'], { cwd, version });
    }
    const remotes = await lab.client.gitText(['config', '--get-regexp', '^remote\\..*\\.promisor$'], {
      cwd: join(lab.client.work, 'partial'),
    });
    expect(remotes).toBe('remote.origin.promisor true');
  },
  timeoutMs,
);
