import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { compareFamilies, gitVersions, type GitVersion } from '../git-versions.ts';
import type { BackendName } from '../servers/backends.ts';
import { compareObservations, describeDifference } from './compare.ts';
import { goldenLines, readGolden, variantKey } from './golden.ts';
import { observe, type Observation, type ServingSide, type Variant } from './observe.ts';
import type { Scenario } from './scenario.ts';
import { openSide } from './sides.ts';

/** How one variant of a scenario went. */
export interface ParityResult {
  readonly variant: Variant;
  /** One text for each difference; empty when there is none. */
  readonly problems: readonly string[];
  /** Differences of no weight: the golden trace is of another version, or missing. */
  readonly notes: readonly string[];
  /** What was seen with the git backend. */
  readonly observation: Observation;
  /** What is kept as the golden trace. */
  readonly trace: readonly string[];
}

/**
 * Runs scenarios against two backends. The first is git's own, and what it does is right; a temporary folder holds
 * everything, and is deleted when this is disposed of.
 */
export class ParityRun implements AsyncDisposable {
  readonly #root: string;
  readonly #oracle: GitVersion;
  readonly #backends: readonly [BackendName, BackendName];
  readonly #sides = new Map<string, Promise<(ServingSide & AsyncDisposable)[]>>();
  readonly #templates = new Map<string, Promise<string>>();

  private constructor(root: string, oracle: GitVersion, backends: readonly [BackendName, BackendName]) {
    this.#root = root;
    this.#oracle = oracle;
    this.#backends = backends;
  }

  static async open(oracle: GitVersion, backends: readonly [BackendName, BackendName]): Promise<ParityRun> {
    return new ParityRun(await mkdtemp(join(tmpdir(), 'git-mirror-parity-')), oracle, backends);
  }

  /** Runs one variant against both, and compares them with each other and with the golden trace. */
  async run(scenario: Scenario, variant: Variant): Promise<ParityResult> {
    const oracle = this.oracleFor(scenario);
    const template = await this.#template(scenario, variant.format);
    const sides = await this.#sidesFor(scenario.namespace, oracle);
    const observations = await Promise.all(
      sides.map((side, index) => observe(scenario, variant, side, template, join(this.#root, `client-${index}`))),
    );
    const [left, right] = observations;
    if (left === undefined || right === undefined) throw new Error('there are two sides');
    const place = { scenario: scenario.name, protocol: variant.protocol, oracle: oracle.family };
    const differences = compareObservations(left.observation, right.observation, place);
    const problems = differences.map((difference) => describeDifference(difference, this.#backends));
    // Without a git as the client there is no packet trace to keep.
    if (scenario.client === 'raw') return { variant, problems, notes: [], observation: left.observation, trace: [] };
    const labels = await left.learnLabels();
    const trace = goldenLines(scenario.name, left.observation, (line) => labels.apply(line));
    const golden = readGolden(scenario.name);
    const kept = golden?.traces.get(variantKey(variant));
    const notes: string[] = [];
    if (golden?.oracle !== oracle.family || kept === undefined) {
      notes.push(`no golden trace of ${variantKey(variant)} served by git ${oracle.family}`);
    } else if (kept.join('\n') !== trace.join('\n')) {
      problems.push(describeDifference({ section: 'golden trace', left: kept, right: trace }, ['kept', 'now']));
    }
    return { variant, problems, notes, observation: left.observation, trace };
  }

  /** The git that serves the scenario: the one this was opened with, unless ours does there as an older one. */
  oracleFor({ imitates }: Scenario): GitVersion {
    if (imitates === undefined || compareFamilies(this.#oracle.family, imitates) <= 0) return this.#oracle;
    return gitVersions().findLast(({ family }) => compareFamilies(family, imitates) <= 0) ?? this.#oracle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sides of this.#sides.values()) for (const side of await sides) await side[Symbol.asyncDispose]();
    await rm(this.#root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #sidesFor(namespace: string | undefined, oracle: GitVersion): Promise<(ServingSide & AsyncDisposable)[]> {
    const key = `${oracle.family}-${namespace ?? ''}`;
    let sides = this.#sides.get(key);
    if (sides === undefined) {
      const open = this.#backends.map((backend, index) =>
        openSide({
          backend,
          root: join(this.#root, `side-${index}-${key}`),
          gitProgram: oracle.program,
          namespace,
        }),
      );
      sides = Promise.all(open);
      this.#sides.set(key, sides);
    }
    return sides;
  }

  #template(scenario: Scenario, format: ObjectFormat): Promise<string> {
    const key = `${scenario.name}/${format}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      const path = join(this.#root, 'templates', key);
      template = scenario.prepare(path, format).then(() => path);
      this.#templates.set(key, template);
    }
    return template;
  }
}
