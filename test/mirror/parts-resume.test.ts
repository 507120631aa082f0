import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { planFileName } from '../../src/mirror/parts/plan-file.ts';
import { Repository } from '../repositories/repository.ts';
import { openMirrorLab } from './lab/mirror-lab.ts';
import { leftovers, originRefsOf, reachableObjects, runParts } from './lab/parts-run.ts';

const childPath = fileURLToPath(new URL('lab/parts-child.ts', import.meta.url));

/** How many parts are there, and how many there are to be. */
async function progressOf(staging: Repository): Promise<{ readonly here: number; readonly all: number }> {
  const text = await readFile(join(staging.path, planFileName), 'utf8').catch(() => '{"parts":[]}');
  const { parts } = JSON.parse(text) as { parts: { pack?: string }[] };
  return { here: parts.filter(({ pack }) => pack !== undefined).length, all: parts.length };
}

test('M12: a clone that was killed at half time fetches only the rest', async () => {
  await using lab = await openMirrorLab({ shape: { commits: 120, tags: 118, mergeEvery: 7, fileBytes: 20_000 } });
  const shape = { bytesPerSecond: 250_000 };
  const mirrors = [await lab.addMirror({ shape }), await lab.addMirror({ shape }), await lab.addMirror({ shape })];
  const urls = mirrors.map(({ url }) => url);
  const sent = (): number => mirrors.reduce((sum, { link }) => sum + link.bytesToClients, 0);

  const undisturbed = await Repository.init(join(lab.path, 'undisturbed.git'));
  for (const { link } of mirrors) await link.reshape({});
  await runParts(undisturbed, lab.origin.repository, urls);
  const wholeBytes = sent();
  for (const { link } of mirrors) await link.reshape(shape);
  lab.forget();

  const staging = await Repository.init(join(lab.path, 'staging.git'));
  const child = spawn(process.execPath, [childPath, staging.path, lab.origin.repository.path, ...urls], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  for (;;) {
    const { here, all } = await progressOf(staging);
    if (all > 0 && here >= all / 2) break;
    expect(child.exitCode).toBeNull();
    await delay(20);
  }
  child.kill('SIGKILL');
  await ended;
  const { here, all } = await progressOf(staging);
  expect(here).toBeLessThan(all);
  const firstBytes = sent();
  lab.forget();

  const result = await runParts(staging, lab.origin.repository, urls);
  expect(result.failed).toEqual([]);
  expect(result.arrived).toEqual(await originRefsOf(lab.origin.repository));
  expect(result.perMirror.reduce((sum, { parts }) => sum + parts, 0)).toBe(all - here);
  expect(await reachableObjects(staging)).toEqual(await reachableObjects(undisturbed));
  expect(await leftovers(staging)).toEqual([]);
  // Nothing is sent twice but what was on its way when the end came: of each mirror one part and one being indexed.
  expect(firstBytes + sent()).toBeLessThan(wholeBytes * 1.6);
  expect(sent()).toBeLessThan(wholeBytes * 0.75);
}, 180_000);
