import { spawn } from 'node:child_process';
import { gitVersions, type GitVersion } from '../git-versions.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import { streamOf } from '../../src/core/byte-stream.ts';
import type { DeltaSearcher } from '../../src/packing/delta-searcher.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { serveUploadPack } from '../../src/upload/serve-upload-pack.ts';
import type { UploadExchange } from '../../src/upload/upload-exchange.ts';
import { defaultUploadLimits } from '../../src/upload/upload-limits.ts';
import type { UploadFacts, UploadPhase } from '../../src/upload/upload-observer.ts';

/** One run of the service, in the terms of both. */
export interface ServiceRun {
  readonly mode: UploadExchange['mode'];
  readonly gitProtocol: string;
  readonly namespace?: string;
  readonly input?: Uint8Array;
}

/** What a run gave. */
export interface ServiceResult {
  readonly output: Buffer;
  /** What it died of without a word to the client: git's own words, or ours. */
  readonly failure: string | undefined;
}

/** What our run gave besides. */
export interface OurResult extends ServiceResult {
  readonly error: unknown;
  readonly facts: UploadFacts;
  readonly phases: readonly UploadPhase[];
}

/** Does nothing: every object is stored as it is, or as the delta it is on disk. */
export const noDeltas: DeltaSearcher = { search: () => Promise.resolve([]) };

/** Runs our service in this process. */
export async function runOurs(
  repository: Repository,
  run: ServiceRun,
  options: Partial<UploadExchange> = {},
): Promise<OurResult> {
  const chunks: Uint8Array[] = [];
  let facts: UploadFacts = {};
  const phases: UploadPhase[] = [];
  let error: unknown;
  try {
    await serveUploadPack({
      repository,
      gitProtocol: run.gitProtocol,
      namespace: run.namespace ?? '',
      mode: run.mode,
      input: streamOf(run.input ?? new Uint8Array(0)),
      output: {
        write: (bytes) => {
          chunks.push(bytes.slice());
          return undefined;
        },
      },
      limits: defaultUploadLimits,
      searcher: noDeltas,
      observer: {
        phase: (phase) => phases.push(phase),
        facts: (more) => {
          facts = { ...facts, ...more };
        },
      },
      signal: new AbortController().signal,
      ...options,
    });
  } catch (caught) {
    error = caught;
  }
  const failure = error === undefined ? undefined : error instanceof Error ? error.message : 'no error';
  return { output: Buffer.from(concatBytes(chunks)), failure, error, facts, phases };
}

/**
 * The git that ours is held against: the newest one here, which is the system's when `npm run git-versions` has provided no
 * others.
 */
export const oracle: GitVersion = gitVersions().at(-1) ?? { version: '', family: '0.0', program: 'git' };

/** Runs `git upload-pack` of the {@link oracle}. */
export async function runGitUploadPack(path: string, run: ServiceRun): Promise<ServiceResult> {
  const modes = { advertise: ['--http-backend-info-refs'], answer: ['--stateless-rpc'], converse: [] };
  const child = spawn(oracle.program, ['upload-pack', ...modes[run.mode], path], {
    env: { ...process.env, GIT_PROTOCOL: run.gitProtocol, GIT_NAMESPACE: run.namespace ?? '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.input ?? '');
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { output: Buffer.concat(output), failure: status === 0 ? undefined : complaint };
}
