import type { Options } from '../sync/client.ts';
import { GitMirrorError } from '../core/error.ts';
import type { Announcement, AnnouncementResult } from '../node/announce-repository.ts';
import type { ServeOptions } from '../node/run-serve.ts';
import type { UpOptions } from '../node/run-up.ts';
import { exitStatus } from './exit-status.ts';
import type { Host, OutputStream, StopSignal } from './host.ts';
import type { ReplicationClient } from './replication-client.ts';

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Most characters taken from standard input. */
const maxInputCharacters = 1024 * 1024;

async function readStandardInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin as AsyncIterable<string>) {
    text += chunk;
    if (text.length > maxInputCharacters) {
      throw new GitMirrorError('GM_USAGE', 'Standard input is too long for a token. Give the token alone.');
    }
  }
  return text;
}

async function openClient(options: Options): Promise<ReplicationClient> {
  const { createUnstableClient } = await import('../unstable.ts');
  return createUnstableClient(options);
}

async function runUp(options: UpOptions): Promise<number> {
  const node = await import('../node/run-up.ts');
  return node.runUp(options);
}

async function runServe(options: ServeOptions): Promise<number> {
  const node = await import('../node/run-serve.ts');
  return node.runServe(options);
}

async function announceRepository(announcement: Announcement): Promise<AnnouncementResult> {
  const node = await import('../node/announce-repository.ts');
  return node.announceRepository(announcement);
}

function onStopSignal(listener: (signal: StopSignal) => void): () => void {
  for (const signal of stopSignals) process.on(signal, listener);
  return () => {
    for (const signal of stopSignals) process.off(signal, listener);
  };
}

/** Whoever reads our output may stop reading: no reason to complain. What cannot be written otherwise is lost, which is. */
function watchErrors(stream: NodeJS.WriteStream): OutputStream {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.exitCode = exitStatus.failed;
    if (stream === process.stdout) process.stderr.write(`git-mirror: cannot write the result: ${error.message}\n`);
  });
  return stream;
}

/** The process this runs in. */
export function openProcessHost(): Host {
  return {
    env: process.env,
    stdout: watchErrors(process.stdout),
    stderr: watchErrors(process.stderr),
    readStandardInput,
    openClient,
    runUp,
    runServe,
    announceRepository,
    onStopSignal,
    exitNow: (status) => process.exit(status),
  };
}
