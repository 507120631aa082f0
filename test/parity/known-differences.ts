import type { ComparisonPlace } from './compare.ts';
import type { Observation } from './observe.ts';

/** A difference between two runs that no client minds. docs/parity.md lists them with these reasons. */
export interface KnownDifference {
  readonly id: string;
  readonly reason: string;
  applies(place: ComparisonPlace): boolean;
  /** Rewrites the lines of a section so that what may differ is the same. */
  settle?(lines: readonly string[], section: string): readonly string[];
  /** Whether a section may differ, given all that was seen on both sides. */
  excuses?(section: string, left: Observation, right: Observation): boolean;
}

const always = (): boolean => true;

/** All of them. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    id: 'helper-flush',
    reason:
      "A client that gives up ends its HTTP helper. Whether, and how often, the helper had already noted that the answer was over is chance, with git's own server too.",
    applies: always,
    settle: (lines, section) =>
      section.startsWith('packets of git,')
        ? lines.slice(0, lines.findLastIndex((line) => line !== '> 0002') + 1)
        : lines,
  },
  {
    id: 'client-left',
    reason:
      'A client that refuses a shallow repository, or that only wanted to negotiate, leaves in the middle of the pack. How much of it was still sent is chance: git against git differs too. Answers that were sent whole are compared whole.',
    applies: ({ scenario }) => scenario === 'clone/of-shallow-rejected' || scenario === 'fetch/negotiate-only',
    excuses: excusesCutPack,
  },
  {
    id: 'wanted-refs-order',
    reason: "git lists wanted refs in the order of a hash table's cells; a client puts them into a table of its own.",
    applies: always,
    settle: sortWantedRefs,
  },
  {
    id: 'section-order',
    reason:
      'git sends wanted-refs in front of shallow-info, which gitprotocol-v2 has the other way round, and its own client gives up on that. Ours keeps to the document.',
    applies: ({ scenario }) => scenario === 'raw/fetch-everything',
    settle: (lines) =>
      lines.some((line) => line.includes('wanted-refs')) && lines.some((line) => line.includes('shallow-info'))
        ? lines.toSorted()
        : lines,
  },
  {
    id: 'progress-numbers',
    reason:
      'The numbers of progress tell how the pack was made: bases of thin packs that are not sent, objects that had to be compressed. The number of objects in the pack is compared.',
    applies: always,
    settle: (lines) =>
      lines
        .filter((line) => !/(?:^2 |\\2|remote: )Compressing objects: /.test(line))
        .map((line) => line.replace(/((?:Enumerating|Counting) objects: ).*, done\.$/, '$1*, done.')),
  },
  {
    id: 'kept-packs',
    reason:
      'A pack that is asked for again comes out of the cache, and there is nothing to enumerate or to count. Only raw requests ask for the same one several times.',
    applies: ({ scenario }) => scenario.startsWith('raw/'),
    settle: (lines) => lines.filter((line) => !/^2 (?:Enumerating|Counting) objects: /.test(line)),
  },
  {
    id: 'advice',
    reason: "git's server has advice for its operator, which reaches whoever fetches: that grafts files will go.",
    applies: ({ scenario }) => scenario === 'clone/grafts',
    settle: (lines) => lines.filter((line) => !/^(?:2 |< \\2|remote: )hint:/.test(line)),
  },
  {
    id: 'missing-objects',
    reason:
      "Both name the object that is missing and end with git's sentence about corruption on band 3; in which words git's programs complain before depends on which of them met it first.",
    applies: ({ scenario }) => scenario === 'clone/missing-object' || scenario === 'clone/of-promisor',
    settle: settleMissing,
  },
  {
    id: 'refusals',
    reason:
      "Where git's server gives a request up, its answer is a 200 that is cut short, and the reason stays in its log. Ours is a 400 with the reason when nothing has been sent before. The client fails either way.",
    applies: always,
    excuses: excusesRefusal,
  },
];

/** Two answers that are the same up to the pack, where at least one ends in the middle of it. */
function excusesCutPack(section: string, left: Observation, right: Observation): boolean {
  if (!section.startsWith('answer ')) return false;
  const sides = [left, right].map((side) => side.get(section) ?? []);
  const heads = sides.map((lines) => lines.slice(0, lines.findIndex((line) => line.includes('packfile')) + 1));
  const [ours, theirs] = heads.map((lines) => lines.join('\n'));
  return ours !== '' && ours === theirs && sides.some((lines) => lines.at(-1) !== '0000');
}

/** Sorts what is between `wanted-refs` and the packet that ends the section. */
function sortWantedRefs(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => /wanted-refs(?:\\n"?)?$/.test(line));
  if (start < 0) return lines;
  const length = lines.slice(start).findIndex((line) => /\b0001$/.test(line));
  const end = length < 0 ? lines.length : start + length;
  return [...lines.slice(0, start + 1), ...lines.slice(start + 1, end).sort(), ...lines.slice(end)];
}

/** Of the complaint about a missing object only its name is left. */
function settleMissing(lines: readonly string[]): readonly string[] {
  return lines
    .filter((line) => !/^(?:2 |remote: )warning: lazy fetching disabled/.test(line))
    .map((line) =>
      line
        .replace(/warning: lazy fetching disabled; some objects may not be available/, '')
        .replace(
          /fatal: (?:unable to read|bad object|could not fetch) ([0-9a-f]+)(?: from promisor remote)?/,
          'missing $1',
        ),
    );
}

function excusesRefusal(section: string, left: Observation, right: Observation): boolean {
  if (section.startsWith('answer ')) return isRefusedPair(section, left, right);
  // What the client says of it differs with the answer; that it failed does not.
  const step = /^(?:packets of [\w-]+|messages), (.*)$/s.exec(section)?.[1];
  if (step === undefined) return false;
  const [theirs, ours] = [left, right].map((side) => side.get(`status, ${step}`)?.[0]);
  const hasRefusal = [...left.keys()].some((key) => key.startsWith('answer ') && isRefusedPair(key, left, right));
  return hasRefusal && theirs !== '0' && theirs === ours;
}

/** An answer of git's that is cut short, and one of ours that says why. */
function isRefusedPair(section: string, left: Observation, right: Observation): boolean {
  const [theirs, ours] = [left.get(section) ?? [], right.get(section) ?? []];
  const isCut =
    theirs[0]?.endsWith(' 200') === true && theirs.at(-1) !== '0000' && !theirs.some((line) => line.includes('PACK'));
  const says = ours.filter((line) => line !== '').at(-1) ?? '';
  return isCut && ours[0]?.endsWith(' 400') === true && !says.startsWith('pragma: ');
}
