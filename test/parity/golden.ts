import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { applyLineEdits, editLines } from './line-edits.ts';
import type { Observation, Variant } from './observe.ts';

/**
 * Traces that are kept: what the client sent and got in each variant, in words that both formats share. The first line
 * of the file names the git that served when they were made. Variants with the same trace share it, and each further
 * trace is written as the changes to the one before.
 */
export interface Golden {
  /** Family of the git that served. */
  readonly oracle: string;
  /** Lines of the trace by {@link variantKey}. */
  readonly traces: ReadonlyMap<string, readonly string[]>;
}

const folder = join(import.meta.dirname, '..', 'golden', 'parity');
const packetsPattern = /^packets of ([\w-]+), (.*)$/s;
/** One ref of an advertisement, or of an answer to ls-refs. */
const refPattern = /^< (?:<[^>]*>|unborn) (?:HEAD|refs\/\S+)(?: \S+)*$/;

/** Key of a variant: `v2/sha1/2.39`. */
export function variantKey({ protocol, format, client }: Variant): string {
  return `v${protocol}/${format}/${client.family}`;
}

/**
 * What of an observation is kept: the packets of the commands that the scenario is about. Those of the HTTP helper
 * (`git`) are the same as another program's unless it was alone. Lists of refs are only counted where the scenario is
 * about something else.
 */
export function goldenLines(
  scenario: string,
  observation: Observation,
  label: (line: string) => string,
): readonly string[] {
  const sections = [...observation].flatMap(([section, lines]) => {
    const [, program = '', step = ''] = packetsPattern.exec(section) ?? [];
    return program === '' || step.includes(' clone -q ') ? [] : [{ program, step, lines }];
  });
  const hasOther = new Set(sections.filter(({ program }) => program !== 'git').map(({ step }) => step));
  const kept: string[] = [];
  for (const { program, step, lines } of sections) {
    if (program === 'git' && hasOther.has(step)) continue;
    const shown = lines.map((line) => label(line).replace(/\bobject-format=sha(?:1|256)\b/, 'object-format=*'));
    kept.push(label(`[${program}] ${step}`), ...(scenario.startsWith('ls-remote/') ? shown : countRefs(shown)));
  }
  return kept.map((line) => line.replaceAll('\n', ' '));
}

/** Puts a number in place of a list of refs. */
function countRefs(lines: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let count = 0;
  for (const line of [...lines, undefined]) {
    if (line !== undefined && refPattern.test(line)) {
      count += 1;
      continue;
    }
    if (count > 0) kept.push(`< (${count} refs)`);
    count = 0;
    if (line !== undefined) kept.push(line);
  }
  return kept;
}

/** Reads what is kept of the scenario; undefined when there is nothing. */
export function readGolden(scenario: string): Golden | undefined {
  const path = pathOf(scenario);
  if (!existsSync(path)) return undefined;
  const [head = '', ...sections] = readFileSync(path, 'utf8').split(/^== /m);
  const traces = new Map<string, readonly string[]>();
  let last: readonly string[] = [];
  for (const section of sections) {
    const [keys = '', ...edits] = section.replace(/\n$/, '').split('\n');
    last = applyLineEdits(last, edits);
    for (const key of keys.split(' ')) traces.set(key, last);
  }
  return { oracle: /git (\S+)/.exec(head)?.[1] ?? '', traces };
}

/** Writes it. */
export async function writeGolden(scenario: string, { oracle, traces }: Golden): Promise<void> {
  const byText = new Map<string, string[]>();
  for (const key of [...traces.keys()].sort()) {
    const text = traces.get(key)?.join('\n') ?? '';
    byText.set(text, [...(byText.get(text) ?? []), key]);
  }
  let last: readonly string[] = [];
  const parts = [`Packets of ${scenario}, served by git ${oracle}`];
  for (const [text, keys] of byText) {
    const lines = text.split('\n');
    parts.push(`== ${keys.join(' ')}`, ...editLines(last, lines));
    last = lines;
  }
  await mkdir(dirname(pathOf(scenario)), { recursive: true });
  await writeFile(pathOf(scenario), `${parts.join('\n')}\n`);
}

function pathOf(scenario: string): string {
  return join(folder, `${scenario}.txt`);
}
