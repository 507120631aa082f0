import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gitVersions } from '../git-versions.ts';
import { variantKey } from './golden.ts';
import { sampleVariants } from './matrix.ts';
import { chooseOracle, imitatedFamily } from './oracle.ts';
import { ParityRun } from './parity-run.ts';
import type { Scenario } from './scenario.ts';

/**
 * Runs two variants of each scenario of a group against both backends; `npm run parity` runs all. Files of this kind are
 * one a group, so that they run beside each other. Where the version of git is here whose server ours does as, the golden
 * traces must be there too, and the same.
 */
export function checkGroup(group: string, scenarios: readonly Scenario[]): void {
  describe(`a client cannot tell the backends apart: ${group}`, () => {
    const clients = gitVersions();
    let run: ParityRun;
    beforeAll(async () => {
      run = await ParityRun.open(chooseOracle(clients), ['git', 'native']);
    });
    afterAll(() => run[Symbol.asyncDispose]());

    const hasAllVersions = ['2.30', '2.39', '2.47', imitatedFamily].every((name) =>
      clients.some(({ family }) => family === name),
    );
    const cases = scenarios.flatMap((scenario) =>
      sampleVariants(scenario, clients).map((variant) => ({
        name: `${scenario.name} ${variantKey(variant)}`,
        scenario,
        variant,
      })),
    );
    test.each(cases)('$name', async ({ scenario, variant }) => {
      const { problems, notes } = await run.run(scenario, variant);
      expect(problems.join('\n')).toBe('');
      if (hasAllVersions) expect(notes).toEqual([]);
    });
  });
}
