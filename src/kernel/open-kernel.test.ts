import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { openKernel } from './open-kernel.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('openKernel', () => {
  test('opens the kind that is asked for, else that of the environment, else WebAssembly', () => {
    vi.stubEnv('GIT_MIRROR_KERNEL', undefined);
    expect(openKernel().kind).toBe('wasm');
    vi.stubEnv('GIT_MIRROR_KERNEL', 'plain');
    expect(openKernel().kind).toBe('plain');
    expect(openKernel({ kind: 'wasm' }).kind).toBe('wasm');
    vi.stubEnv('GIT_MIRROR_KERNEL', 'fast');
    expect(() => openKernel()).toThrow(expect.objectContaining({ code: 'GM_USAGE' }) as Error);
  });

  test('each kernel has a memory of its own, of which address 0 is never given out', () => {
    for (const kind of ['wasm', 'plain'] as const) {
      const [one, other] = [openKernel({ kind }), openKernel({ kind })];
      const address = one.memory.allocate(1);
      expect(address).toBeGreaterThan(0);
      one.memory.bytes[address] = 7;
      expect(other.memory.bytes[address]).toBe(0);
    }
  });

  test('says what to do when the module has not been built', async () => {
    await using folder = await makeTemporaryFolder();
    for (const part of ['core', 'kernel']) {
      cpSync(join(import.meta.dirname, '..', part), join(folder.path, part), {
        recursive: true,
        filter: (path) => !path.includes('kernel.wasm'),
      });
    }
    const url = pathToFileURL(join(folder.path, 'kernel', 'open-kernel.ts')).href;
    const script = `
      import { openKernel } from ${JSON.stringify(url)};
      console.log(openKernel({ kind: 'plain' }).kind);
      try { openKernel({ kind: 'wasm' }); } catch ({ code, message }) { console.log(code, message); }
    `;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said).toMatch(/^plain\nGM_SYSTEM .*kernel\.wasm.*npm run build:kernel/);
  });
});
