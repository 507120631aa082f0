import { execFile, spawn } from 'node:child_process';
import type { ByteStream } from '../src/core/byte-stream.ts';

const maxOutputBytes = 256 * 1024 * 1024;

/** Environment in which neither the user's nor the system's configuration makes git behave differently. */
export const gitEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'Bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
};

/** What `git` with `words` prints. Rejects when it fails. */
export function git(...words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('git', words, { env: gitEnvironment, maxBuffer: maxOutputBytes }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`git ${words.slice(0, 4).join(' ')} failed: ${stderr.trim() || error.message}`));
    });
  });
}

/** Runs `git` with `words` and `input` on its standard input, which is produced no faster than it is read. */
export async function gitWithInput(words: readonly string[], input: ByteStream): Promise<void> {
  const child = spawn('git', words, { env: gitEnvironment, stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4096);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  child.stdin.on('error', () => undefined);
  for await (const chunk of input) {
    if (!child.stdin.writable) break;
    if (!child.stdin.write(chunk))
      await Promise.race([ended, new Promise((resolve) => child.stdin.once('drain', resolve))]);
  }
  child.stdin.end();
  const status = await ended;
  if (status !== 0) throw new Error(`git ${words.slice(0, 4).join(' ')} failed: ${complaint.trim()}`);
}

/** Makes an empty bare repository. Nothing runs behind a push to it that would disturb what is measured next. */
export async function makeTarget(path: string): Promise<void> {
  await git('init', '--quiet', '--bare', '--initial-branch=main', path);
  await git('--git-dir', path, 'config', 'gc.auto', '0');
}

/** Fails unless `target` has exactly the refs of `source` and every object that they need. */
export async function assertMirrors(source: string, target: string): Promise<void> {
  const [wanted, found] = await Promise.all([source, target].map((path) => git('--git-dir', path, 'for-each-ref')));
  if (wanted !== found) throw new Error(`the refs of ${target} are not those of ${source}`);
  await git('--git-dir', target, 'fsck', '--connectivity-only', '--no-dangling');
}
