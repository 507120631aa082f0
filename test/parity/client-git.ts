import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitVersion } from '../git-versions.ts';
import { parsePacketTrace, type PacketTrace } from './packet-trace.ts';

const timeoutMs = 60_000;

/** What one command of the client did. */
export interface ClientStep {
  readonly words: readonly string[];
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly trace: PacketTrace;
}

/** Options of {@link ClientGit.run}. */
export interface ClientRunOptions {
  readonly input?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** One version of git as a client, working in a folder of its own. */
export class ClientGit {
  readonly folder: string;
  readonly version: GitVersion;
  readonly protocol: number;
  readonly steps: ClientStep[] = [];

  constructor(folder: string, version: GitVersion, protocol: number) {
    this.folder = folder;
    this.version = version;
    this.protocol = protocol;
  }

  /** Runs it; a failure is a result like any other. */
  async run(words: readonly string[], { input = '', env = {} }: ClientRunOptions = {}): Promise<ClientStep> {
    await mkdir(this.folder, { recursive: true });
    const tracePath = join(this.folder, 'packets');
    await rm(tracePath, { force: true });
    const settings = [
      `protocol.version=${this.protocol}`,
      // Packs stay packs, so that a base that was sent twice can be seen; nothing runs behind a command.
      'fetch.unpackLimit=1',
      'gc.auto=0',
      'maintenance.auto=false',
      'init.defaultBranch=main',
      'advice.detachedHead=false',
    ];
    const child = spawn(this.version.program, [...settings.flatMap((setting) => ['-c', setting]), ...words], {
      cwd: this.folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        LC_ALL: 'C',
        TZ: 'UTC',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_AUTHOR_NAME: 'A U Thor',
        GIT_AUTHOR_EMAIL: 'author@example.com',
        GIT_COMMITTER_NAME: 'C O Mitter',
        GIT_COMMITTER_EMAIL: 'committer@example.com',
        GIT_AUTHOR_DATE: '1710000000 +0000',
        GIT_COMMITTER_DATE: '1710000000 +0000',
        GIT_TRACE_PACKET: tracePath,
        ...env,
      },
    });
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const trace = parsePacketTrace(await readFile(tracePath, 'utf8').catch(() => ''));
    await rm(tracePath, { force: true });
    const step = { words, status, stdout: stdout(), stderr: stderr(), trace };
    this.steps.push(step);
    return step;
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
