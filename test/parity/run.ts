/** The whole parity matrix: `npm run parity`. See docs/parity.md. */
import { parseArgs } from 'node:util';
import { gitVersions } from '../git-versions.ts';
import type { BackendName } from '../servers/backends.ts';
import { readGolden, variantKey, writeGolden } from './golden.ts';
import { isScenarioChosen, sampleVariants, variantsOf } from './matrix.ts';
import { chooseOracle } from './oracle.ts';
import { ParityRun } from './parity-run.ts';
import { allScenarios } from './scenarios/all-scenarios.ts';

const usage = `npm run parity [-- options]

  --scenario NAME   only those whose names begin so; repeatable
  --client FAMILY   only this client, e.g. 2.39; repeatable
  --protocol N      only this version of the protocol: 0, 1 or 2; repeatable
  --format NAME     only sha1 or sha256; repeatable
  --against NAME    backend to compare with git's own (default: native)
  --oracle FAMILY   git behind the git backend (default: the newest whose behaviour ours has)
  --sample          only the variants that npm test runs
  --update          write the golden traces anew from what the git backend does
  --show            print what was seen with the git backend
  --list            print the scenarios and do nothing`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    client: { type: 'string', multiple: true },
    protocol: { type: 'string', multiple: true },
    format: { type: 'string', multiple: true },
    against: { type: 'string', default: 'native' },
    oracle: { type: 'string' },
    sample: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const choice = {
  scenarios: values.scenario,
  clients: values.client,
  protocols: values.protocol?.map(Number),
  formats: values.format,
};
const scenarios = allScenarios.filter((scenario) => isScenarioChosen(scenario, choice));

if (values.help) console.log(usage);
else if (values.list) for (const { name } of scenarios) console.log(name);
else await compareAll();

async function compareAll(): Promise<void> {
  const clients = gitVersions();
  const oracle = chooseOracle(clients, values.oracle);
  console.log(
    `clients ${clients.map(({ version }) => version).join(', ')}; git backend ${oracle.version}; against ${values.against}`,
  );
  await using run = await ParityRun.open(oracle, ['git', values.against as BackendName]);
  let [passed, failed] = [0, 0];
  const notes = new Set<string>();
  for (const scenario of scenarios) {
    const kept = readGolden(scenario.name);
    const { family } = run.oracleFor(scenario);
    const traces = new Map(kept?.oracle === family ? kept.traces : []);
    const variants = values.sample ? sampleVariants(scenario, clients) : variantsOf(scenario, clients, choice);
    for (const variant of variants) {
      const key = `${scenario.name} ${variantKey(variant)}`;
      try {
        const { problems, notes: more, observation, trace } = await run.run(scenario, variant);
        if (values.show) for (const [section, lines] of observation) console.log(`${section}\n  ${lines.join('\n  ')}`);
        const serious = values.update ? problems.filter((problem) => !problem.startsWith('  golden')) : problems;
        if (serious.length === 0) passed += 1;
        else {
          failed += 1;
          console.log(`DIFFERS ${key}\n${serious.join('\n')}`);
        }
        for (const note of more) notes.add(note);
        traces.set(variantKey(variant), trace);
      } catch (error) {
        failed += 1;
        console.log(`BROKEN ${key}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
      }
    }
    if (values.update && scenario.client !== 'raw') await writeGolden(scenario.name, { oracle: family, traces });
  }
  if (!values.update && notes.size > 0) console.log([...notes].join('\n'));
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
