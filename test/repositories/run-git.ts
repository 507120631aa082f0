import { spawn } from 'node:child_process';

/** Options of {@link runGit}. */
export interface RunGitOptions {
  /** Repository or folder git runs in. */
  readonly cwd?: string | undefined;
  /** What it reads from standard input. */
  readonly input?: string | Uint8Array | undefined;
  /** More environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Runs git and returns what it printed, the last line end removed; its complaint is in the error when it fails. */
export async function runGit(args: readonly string[], options: RunGitOptions = {}): Promise<string> {
  const output = await runGitForBytes(args, options);
  return output.toString('utf8').replace(/\n$/, '');
}

/** Runs git and returns the bytes it printed. */
export async function runGitForBytes(args: readonly string[], options: RunGitOptions = {}): Promise<Buffer> {
  const child = spawn('git', args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8');
  });
  // Git may end without reading its input; the exit status tells then.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status !== 0) throw new Error(`git ${args.join(' ')} in ${options.cwd ?? '.'}: ${complaint || String(status)}`);
  return Buffer.concat(output);
}
