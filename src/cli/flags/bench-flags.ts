import { InvalidArgumentError } from 'commander';
import { benchScenarios, type BenchScenario } from '../../sync/bench/bench-request.ts';
import { Flag, type FlagGroup } from './flag.ts';
import { parseCount, parseText } from './flag-values.ts';

/** Values of {@link benchFlags}. */
export interface BenchFlags {
  readonly scenario?: readonly BenchScenario[];
  readonly runs?: number;
  readonly commits?: number;
  readonly targetsDir?: string;
  readonly keepTargets?: boolean;
  readonly report?: string;
}

const group = 'Bench:';

/** Adds the scenarios of a comma-separated list to those given before. */
function collectScenarios(text: string, previous: readonly BenchScenario[] | undefined): readonly BenchScenario[] {
  const names = text.split(',').map((name) => {
    const known = benchScenarios.find((scenario) => scenario === name.trim());
    if (known === undefined) throw new InvalidArgumentError(`Scenarios are ${benchScenarios.join(', ')}.`);
    return known;
  });
  return [...(previous ?? []), ...names];
}

/** What is measured, how often, and where. */
export const benchFlags: FlagGroup = () => [
  new Flag('--scenario <list>', `what to measure: ${benchScenarios.join(', ')} (default: all); repeatable`, {
    parse: collectScenarios,
    repeatable: true,
    group,
  }),
  new Flag('--runs <n>', 'how often, each time with a target of its own (default: 3, or one for each target)', {
    parse: parseCount,
    group,
  }),
  new Flag('--commits <n>', 'how many commits an incremental sync has to bring (default: 1)', {
    parse: parseCount,
    group,
  }),
  new Flag('--targets-dir <path>', "where targets are made (default: the system's temporary folder)", {
    parse: parseText,
    group,
  }),
  new Flag('--keep-targets', 'leave the targets that were made where they are', { group }),
  new Flag('--report <file>', 'also write the result as JSON to a file', { parse: parseText, group }),
];
