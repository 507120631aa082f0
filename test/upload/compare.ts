import { expect } from 'vitest';
import { compareFamilies } from '../git-versions.ts';
import { LocalDeltaSearcher } from '../../src/packing/local-delta-searcher.ts';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { PacketWriter } from '../../src/wire/pkt-line.ts';
import type { UploadExchange } from '../../src/upload/upload-exchange.ts';
import { oracle, runGitUploadPack, runOurs } from './both-services.ts';
import type { OurResult, ServiceRun } from './both-services.ts';
import { withRepository } from './open-repository.ts';
import type { PackLister } from './pack-objects.ts';
import { readUploadOutput } from './read-output.ts';
import type { UploadOutput } from './read-output.ts';

/** Lines as pkt-lines; `0000`, `0001` and `0002` are the markers. */
export function packets(lines: readonly string[]): Uint8Array {
  const writer = new PacketWriter();
  for (const line of lines) {
    if (line === '0000') writer.flush();
    else if (line === '0001') writer.delim();
    else if (line === '0002') writer.responseEnd();
    else writer.line(line);
  }
  return writer.finish();
}

/** A request of protocol v2 with these arguments. */
export function v2Request(command: string, args: readonly string[], format: ObjectFormat = 'sha1'): ServiceRun {
  const capabilities = ['agent=git/test', `object-format=${format}`];
  return {
    mode: 'answer',
    gitProtocol: 'version=2',
    input: packets([`command=${command}`, ...capabilities, '0001', ...args, '0000']),
  };
}

/** A request of protocol v0 or v1, with its markers. */
export function v0Request(lines: readonly string[], mode: ServiceRun['mode'] = 'answer', gitProtocol = ''): ServiceRun {
  return { mode, gitProtocol, input: packets(lines) };
}

/** What both services made of one request. */
export interface Comparison {
  readonly ours: OurResult;
  readonly output: UploadOutput;
}

/**
 * Runs a request through git and through ours on the same repository, and expects the same answer: all lines, what is said
 * on band 3, the objects of the pack, and what git says on band 2 about their number. Where git dies without a word to the
 * client, ours must throw.
 */
export async function compareServices(
  path: string,
  run: ServiceRun,
  packs: PackLister,
  options: Partial<UploadExchange> = {},
): Promise<Comparison> {
  const git = await runGitUploadPack(path, run);
  const ours = await withRepository(path, (repository) =>
    runOurs(repository, run, { searcher: new LocalDeltaSearcher(), ...options }),
  );
  const theirs = readUploadOutput(git.output);
  const output = readUploadOutput(ours.output);
  const wasTold = output.error !== '' || output.lines.some((line) => /^(?:<1>)?ERR /.test(line));
  const isSilent = git.failure !== undefined && !wasTold;
  const expected = withoutOldHabits(theirs.lines, output.lines);
  // Where git dies without a word, what it wrote before is of no use to anybody.
  expect(output.lines).toEqual(isSilent ? expected.slice(0, output.lines.length) : expected);
  expect(output.error).toBe(theirs.error.replace(/\0$/, ''));
  const isCounted = !/pack-reused [1-9]/.test(theirs.messages);
  expect(countsOf(output.messages, isCounted)).toEqual(countsOf(theirs.messages, isCounted));
  expect(output.pack.length > 0).toBe(theirs.pack.length > 0);
  if (output.pack.length > 0) expect(await packs.list(output.pack)).toEqual(await packs.list(theirs.pack));
  if (isSilent) expect(ours.failure).toBeDefined();
  else expect(ours.failure).toBeUndefined();
  return { ours, output };
}

/**
 * What older versions say differently: before 2.41 nothing to clients of v0 for which there are no refs, before 2.43 an offer
 * of `object-info` without being told to, before 2.46 acknowledgments in v2 of haves that follow from others.
 */
function withoutOldHabits(lines: readonly string[], ours: readonly string[]): readonly string[] {
  if (compareFamilies(oracle.family, '2.46') >= 0) return lines;
  if (lines.length <= 2 && ours.some((line) => line.includes('capabilities^{}'))) return ours;
  const isOld = (line: string): boolean => line === 'object-info\n' || /^(?:<1>)?ACK [0-9a-f]+\n$/.test(line);
  return lines.filter((line) => ours.includes(line) || !isOld(line));
}

/**
 * How many objects were counted and sent. Deltas differ between versions of git, and what it enumerates twice is up to it;
 * what it copies from a pack with bitmaps it does not count.
 */
function countsOf(messages: string, isCounted: boolean): readonly string[] {
  const pattern = isCounted ? /Counting objects: 100% \(\d+\/\d+\), done\.\n|Total \d+/g : /Total \d+/g;
  return [...messages.matchAll(pattern)].map(([text]) => text);
}
