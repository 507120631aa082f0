import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRepository } from '../repositories/make-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { runGitUploadPack, runOurs, type ServiceRun } from './both-services.ts';
import { v2Request } from './compare.ts';
import { withRepository } from './open-repository.ts';

const missing = 'deadbeef'.repeat(5);
/** `refs/heads/n` with a byte of Latin-1 behind it. */
const latinPath = Buffer.from('refs/heads/n\xe9', 'latin1');

let folder: TemporaryFolder;
let repository: Repository;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  repository = await makeRepository(join(folder.path, 'odd.git'), { commits: 3, branches: 1, tags: 2 });
  await repository.git('pack-refs', '--all');
  const tip = await repository.resolve('main');
  await mkdir(join(repository.path, 'refs', 'heads'), { recursive: true });
  await writeFile(Buffer.concat([Buffer.from(`${repository.path}/`), latinPath]), `${tip}\n`);
  await writeFile(join(repository.path, 'refs', 'heads', 'missing'), `${missing}\n`);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

const lsRefs = v2Request('ls-refs', ['peel', 'symrefs']);
const runs: readonly (readonly [string, ServiceRun])[] = [
  ['v0', { mode: 'advertise', gitProtocol: '' }],
  ['v2', lsRefs],
  [
    'v2 with a prefix that is no UTF-8',
    {
      mode: 'answer',
      gitProtocol: 'version=2',
      input: Buffer.concat([
        Buffer.from('0014command=ls-refs\n0001'),
        Buffer.from('001dref-prefix '),
        latinPath,
        Buffer.from('\n0000'),
      ]),
    },
  ],
];

/** Lines with a ref in them, whatever the capabilities. */
function refLines(output: Buffer): readonly string[] {
  const text = output.toString('latin1').replace(/\0[^\n]*/g, '');
  return text.match(/[0-9a-f]{40} (?:HEAD|refs\/)[^\n]*/g) ?? [];
}

describe('refs that are odd', () => {
  it.each(runs)(
    'are told as by git: one whose object is missing, and one whose name is no UTF-8: %s',
    async (_name, run) => {
      const theirs = await runGitUploadPack(repository.path, run);
      const ours = await withRepository(repository.path, (opened) => runOurs(opened, run));
      expect(refLines(theirs.output).length).toBeGreaterThan(0);
      expect(refLines(ours.output)).toEqual(refLines(theirs.output));
      expect(theirs.output.includes(latinPath)).toBe(true);
    },
  );
});
