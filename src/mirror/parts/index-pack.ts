import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ByteStream } from '../../core/byte-stream.ts';
import { GitMirrorError } from '../../core/error.ts';
import { RemoteTextTail } from '../../transport/remote-text.ts';
import type { GitProgram } from '../git-program.ts';

/** Bytes of standard output that are kept: a word and a name. */
const maxOutputBytes = 4096;

/** A pack that has been read to its end and is still being indexed. */
export interface IncomingPack {
  /** Its name once it is there, `pack-<hash>`. Must be awaited. */
  readonly name: Promise<string>;
}

/**
 * Writes `pack` and its index with git-index-pack(1), which names every object by its content. `git` says where objects go;
 * what a run that failed leaves behind lies there too. Resolves when the pack has been read, so that its sender is free.
 *
 * @throws GitMirrorError `GM_SYSTEM` when git cannot be run; what the stream throws, and the reason of `signal`; and from
 * `name` `GM_CORRUPT` with what git said of the pack
 */
export async function indexPack(
  git: GitProgram,
  pack: ByteStream,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<IncomingPack> {
  signal.throwIfAborted();
  // In a group of its own: Ctrl-C in the terminal is for whoever started it.
  const child = spawn('git', ['index-pack', '--stdin', `--max-input-size=${String(maxBytes)}`], {
    cwd: git.cwd,
    env: git.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const said = { out: '', errors: new RemoteTextTail(), isOver: false };
  child.stdout.on('data', (chunk: Buffer) => {
    if (said.out.length < maxOutputBytes) said.out += chunk.toString('latin1');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.errors.add(chunk);
  });
  const ending = new Promise<number>((resolve, reject) => {
    child.on('error', (error) => {
      said.isOver = true;
      reject(new GitMirrorError('GM_SYSTEM', `git cannot be run: ${error.message}.`, { cause: error }));
    });
    child.on('close', (status) => {
      said.isOver = true;
      resolve(status ?? 128);
    });
  });
  // Whoever does not read to the end says why in its status.
  child.stdin.on('error', () => {
    said.isOver = true;
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  const name = ending
    .then((status) => {
      signal.throwIfAborted();
      return nameOf(status, said.out, said.errors.toString());
    })
    .finally(() => {
      signal.removeEventListener('abort', kill);
    });
  name.catch(() => undefined);
  try {
    for await (const chunk of pack) {
      if (said.isOver) break;
      if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain').catch(() => undefined), name]);
    }
    child.stdin.end();
    return { name };
  } catch (error) {
    kill();
    await name.catch(() => undefined);
    throw error;
  }
}

function nameOf(status: number, output: string, complaint: string): string {
  const hash = /^(?:pack|keep)\t([0-9a-f]{40}(?:[0-9a-f]{24})?)$/m.exec(output)?.[1];
  if (status === 0 && hash !== undefined) return `pack-${hash}`;
  throw new GitMirrorError(
    'GM_CORRUPT',
    `git index-pack does not take its pack: ${complaint === '' ? `status ${String(status)}` : complaint}`,
  );
}
