import { compareFamilies, type GitVersion } from '../git-versions.ts';
import type { Variant } from './observe.ts';
import type { Scenario } from './scenario.ts';

/** What the matrix is narrowed to; absent: all. */
export interface MatrixChoice {
  /** Names, or beginnings of names: `fetch/`. */
  readonly scenarios?: readonly string[] | undefined;
  readonly clients?: readonly string[] | undefined;
  readonly protocols?: readonly number[] | undefined;
  readonly formats?: readonly string[] | undefined;
}

const protocols = [0, 1, 2] as const;
const formats = ['sha1', 'sha256'] as const;

/** Every variant in which the scenario can be run. */
export function variantsOf(
  scenario: Scenario,
  clients: readonly GitVersion[],
  choice: MatrixChoice = {},
): readonly Variant[] {
  const able = clients.filter(
    ({ family }) => scenario.since === undefined || compareFamilies(family, scenario.since) >= 0,
  );
  // Without a git in it, one client is as good as another.
  const chosen =
    scenario.client === 'raw' ? able.slice(-1) : able.filter(({ family }) => isChosen(family, choice.clients));
  return chosen.flatMap((client) =>
    (scenario.protocols ?? protocols)
      .filter((protocol) => isChosen(protocol, choice.protocols))
      .flatMap((protocol) =>
        (scenario.formats ?? formats)
          .filter((format) => isChosen(format, choice.formats))
          .map((format) => ({ client, protocol, format })),
      ),
  );
}

function isChosen<T>(value: T, choice: readonly T[] | undefined): boolean {
  return choice === undefined || choice.length === 0 || choice.includes(value);
}

/** Whether the choice takes the scenario. */
export function isScenarioChosen({ name }: Scenario, { scenarios }: MatrixChoice): boolean {
  return scenarios === undefined || scenarios.length === 0 || scenarios.some((begin) => name.startsWith(begin));
}

/**
 * Two variants of each scenario, one of version 2 and one of an older one. Which they are depends on its name alone, so
 * that over all scenarios the pairs of client, protocol and format come up about equally often.
 */
export function sampleVariants(scenario: Scenario, clients: readonly GitVersion[]): readonly Variant[] {
  const all = variantsOf(scenario, clients);
  const seed = nameNumber(scenario.name);
  const [modern, older] = [all.filter(({ protocol }) => protocol === 2), all.filter(({ protocol }) => protocol !== 2)];
  return [modern[seed % modern.length], older[(seed >>> 8) % older.length]].filter((variant) => variant !== undefined);
}

/** The same number for the same name, everywhere (FNV-1a). */
function nameNumber(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash >>> 4;
}
