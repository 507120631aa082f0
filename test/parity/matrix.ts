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
 * A few variants of each scenario, chosen so that over all scenarios of a group each pair of client, protocol and format
 * comes up, and each scenario meets version 2 and an older one.
 */
export function sampleVariants(scenario: Scenario, index: number, clients: readonly GitVersion[]): readonly Variant[] {
  const all = variantsOf(scenario, clients);
  if (all.length <= 2) return all;
  const modern = all.filter(({ protocol }) => protocol === 2);
  const older = all.filter(({ protocol }) => protocol !== 2);
  // Steps that have no divisor in common with the number of variants visit all of them in turn.
  return [pick(modern, index * 5), pick(older, index * 7 + 3)].filter((variant) => variant !== undefined);
}

function pick(variants: readonly Variant[], at: number): Variant | undefined {
  return variants[at % variants.length];
}
