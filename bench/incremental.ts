import { createClient, type Client, type SyncRequest, type SyncResult } from '../src/index.ts';
import { ExchangeRecorder, type RecordedExchange } from './exchange-recorder.ts';
import { assertMirrors, git, gitWithInput } from './git.ts';
import { replayExchanges } from './replay-exchanges.ts';
import type { BenchRow } from './rows.ts';
import { say, type Stage } from './stage.ts';
import type { Sample } from './statistics.ts';

const source = 'work.git';
const targets = { ours: 'work-ours.git', bare: 'work-bare.git', recorded: 'work-recorded.git' } as const;
const warmUps = 5;
/** Each is short, so there are more of them than of the long ones. */
const stepsPerRun = 5;
const mostRequestsPerSide = 2;

/** Times of the library and of the bare exchanges, and the requests the library made, by step. */
interface StepCosts {
  readonly ours: number[];
  readonly bare: number[];
  readonly sourceRequests: number[];
  readonly targetRequests: number[];
}

/**
 * One new commit at a time, and then nothing new, in a process that is warm: the library against the HTTP exchanges
 * alone, sent again with the same bodies to the same server. `original` is the repository that grows.
 */
export async function measureIncremental(stage: Stage, original: string): Promise<readonly BenchRow[]> {
  for (const name of [source, ...Object.values(targets)]) await stage.copy(original, name);
  await git('--git-dir', stage.path(source), 'config', 'uploadpack.allowFilter', 'true');
  const client = createClient();
  const oneCommit = newCosts();
  const nothing = newCosts();
  for (let step = -warmUps; step < stage.runs * stepsPerRun; step += 1) {
    await addCommit(stage.path(source), step + warmUps);
    await compare(stage, client, step, 'incremental', step < 0 ? newCosts() : oneCommit);
    await compare(stage, client, step, 'none', step < 0 ? newCosts() : nothing);
  }
  for (const target of Object.values(targets)) await assertMirrors(stage.path(source), stage.path(target));
  for (const name of [source, ...Object.values(targets)]) await stage.remove(name);
  return [
    timeRow('incremental sync of one commit', oneCommit, 1.5),
    timeRow('sync with nothing to do', nothing),
    requestRow('sync with nothing to do: requests to the source', nothing.sourceRequests),
    requestRow('sync with nothing to do: requests to the target', nothing.targetRequests),
  ];
}

async function compare(
  stage: Stage,
  client: Client,
  step: number,
  expected: SyncResult['execution']['transferMode'],
  costs: StepCosts,
): Promise<void> {
  const exchanges = await record(stage, expected);
  const turns = [
    async () => {
      const startedAt = performance.now();
      const result = await client.sync(requestTo(stage, targets.ours));
      costs.ours.push(performance.now() - startedAt);
      assertWay(result, expected);
      const requests = Object.values(result.stats.items).map((item) => item.requests);
      costs.sourceRequests.push(requests[0] ?? Number.NaN);
      costs.targetRequests.push(requests[1] ?? Number.NaN);
    },
    async () => {
      const { origin } = new URL(stage.url(''));
      const pathOf = (path: string) => path.replace(targets.recorded, targets.bare);
      costs.bare.push((await replayExchanges(origin, exchanges, pathOf)).wallMs);
    },
  ];
  for (const turn of step % 2 === 0 ? turns : turns.reverse()) await turn();
  say(
    `${expected === 'none' ? 'nothing to do' : 'one commit'}, step ${step}: ${costs.ours.at(-1)?.toFixed(1) ?? ''} ms, bare ${costs.bare.at(-1)?.toFixed(1) ?? ''} ms`,
  );
}

async function record(
  stage: Stage,
  expected: SyncResult['execution']['transferMode'],
): Promise<readonly RecordedExchange[]> {
  const recorder = new ExchangeRecorder();
  try {
    const client = createClient({ dispatcher: recorder.dispatcher });
    assertWay(await client.sync(requestTo(stage, targets.recorded)), expected);
    return recorder.exchanges;
  } finally {
    await recorder.close();
  }
}

function requestTo(stage: Stage, target: string): SyncRequest {
  return {
    source: { url: stage.url(source) },
    target: { url: stage.url(target) },
    policy: { includeTags: true },
    collectStats: true,
  };
}

function assertWay({ execution }: SyncResult, expected: string): void {
  if (execution.transferMode === expected) return;
  throw new Error(`the transfer was ${execution.transferMode} (${execution.reason}), not ${expected}`);
}

async function addCommit(path: string, index: number): Promise<void> {
  const [content, message] = [`Line ${index}\n`, `Step ${index}\n`];
  const lines = [
    'commit refs/heads/main',
    `committer Bench <bench@example.com> ${1_700_000_000 + index * 60} +0000`,
    `data ${message.length}`,
    `${message}from refs/heads/main^0`,
    'M 100644 inline folder-1/step',
    `data ${content.length}`,
    `${content}done\n`,
  ];
  await gitWithInput(
    ['--git-dir', path, 'fast-import', '--quiet', '--done'],
    (async function* () {
      yield Buffer.from(lines.join('\n'));
    })(),
  );
}

function newCosts(): StepCosts {
  return { ours: [], bare: [], sourceRequests: [], targetRequests: [] };
}

function timeRow(what: string, { ours, bare }: StepCosts, atMost?: number): BenchRow {
  const sample = (values: readonly number[]): Sample => ({ unit: 'ms', values });
  return {
    what,
    ours: sample(ours),
    peer: { name: 'the HTTP exchanges alone', sample: sample(bare) },
    bound: atMost === undefined ? undefined : { of: 'ratio', atMost },
  };
}

function requestRow(what: string, values: readonly number[]): BenchRow {
  return { what, ours: { unit: 'count', values }, bound: { of: 'value', atMost: mostRequestsPerSide } };
}
