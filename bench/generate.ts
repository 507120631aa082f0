import { createCipheriv } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { git, gitWithInput } from './git.ts';

/** What a generated repository should be like. */
export interface GeneratedShape {
  readonly objects: number;
  /** Size of its pack, met within a tenth or so. */
  readonly packBytes: number;
}

const objectsPerCommit = 4;
/** What the pack takes for a commit besides its blob. */
const otherBytesPerCommit = 330;
const filesPerFolder = 64;
const folders = 64;
const slabBytes = 1024 * 1024;

/**
 * Makes the bare repository `path` with a history of `objects / 4` commits, each of which replaces one file among 4096
 * by bytes that neither compress nor make deltas; one branch, and a tag for each hundredth of the history. The objects
 * are the same on every machine. It is packed as `git gc` leaves a bare repository, with a bitmap. Does nothing when
 * `path` is there.
 */
export async function generateRepository(path: string, shape: GeneratedShape): Promise<void> {
  if (existsSync(path)) return;
  const partial = `${path}.partial`;
  await rm(partial, { recursive: true, force: true });
  await git('init', '--quiet', '--bare', '--initial-branch=main', partial);
  await gitWithInput(['--git-dir', partial, 'fast-import', '--quiet', '--done'], importStream(shape));
  await git('--git-dir', partial, 'gc', '--quiet');
  await rename(partial, path);
}

async function* importStream({ objects, packBytes }: GeneratedShape): AsyncGenerator<Uint8Array, void, void> {
  const commits = Math.max(1, Math.round(objects / objectsPerCommit));
  const meanBytes = Math.max(64, Math.round(packBytes / commits) - otherBytesPerCommit);
  const noise = new Noise();
  const tagEvery = Math.max(1, Math.floor(commits / 100));
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for (let index = 0; index < commits; index += 1) {
    const bytes = Math.floor(meanBytes / 2) + (noise.number() % meanBytes);
    const folder = noise.number() % folders;
    const file = noise.number() % filesPerFolder;
    const date = 1_000_000_000 + index * 60;
    const who = `Bench <bench@example.com> ${date} +0000`;
    const message = `Change ${index}\n`;
    const head = [
      'commit refs/heads/main',
      `committer ${who}`,
      `data ${message.length}`,
      message + `M 100644 inline folder-${folder}/file-${file}`,
      `data ${bytes}\n`,
    ].join('\n');
    const tag = index % tagEvery === 0 ? `reset refs/tags/v${index}\nfrom refs/heads/main\n\n` : '';
    for (const part of [Buffer.from(head), noise.bytes(bytes), Buffer.from(`\n${tag}`)]) {
      pending.push(part);
      pendingBytes += part.length;
    }
    if (pendingBytes < slabBytes) continue;
    yield Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
  }
  pending.push(Buffer.from('done\n'));
  yield Buffer.concat(pending);
}

/** Bytes that look random and are the same each time: the key stream of a cipher. */
class Noise {
  readonly #cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'bench'), Buffer.alloc(16));
  readonly #zeros = Buffer.alloc(slabBytes);
  #slab = Buffer.alloc(0);
  #offset = 0;

  /** So many bytes; at most a slab. */
  bytes(count: number): Buffer {
    if (this.#offset + count > this.#slab.length) {
      this.#slab = this.#cipher.update(this.#zeros);
      this.#offset = 0;
    }
    this.#offset += count;
    return this.#slab.subarray(this.#offset - count, this.#offset);
  }

  number(): number {
    return this.bytes(4).readUInt32LE();
  }
}

/** Makes the bare repository `path` with `refs` branches that share 500 commits. Does nothing when it is there. */
export async function generateManyRefs(path: string, refs: number): Promise<void> {
  if (existsSync(path)) return;
  const partial = `${path}.partial`;
  await generateRepository(partial, { objects: 2000, packBytes: 2e6 });
  const commits = (await git('--git-dir', partial, 'rev-list', 'refs/heads/main')).trim().split('\n');
  const updates = Array.from({ length: refs - 1 }, (_, index) => {
    const name = `refs/heads/team-${index % 100}/feature-${index}`;
    return `create ${name} ${commits[index % commits.length] ?? ''}\n`;
  });
  // One branch is there already, tags are not wanted here.
  const tags = (await git('--git-dir', partial, 'for-each-ref', '--format=delete %(refname)', 'refs/tags/')).trim();
  await gitWithInput(
    ['--git-dir', partial, 'update-ref', '--stdin'],
    (async function* () {
      yield Buffer.from(`${tags}\n${updates.join('')}`);
    })(),
  );
  await git('--git-dir', partial, 'pack-refs', '--all');
  await rename(partial, path);
}

/** Makes the bare repository `path` with a branch of so many commits, all of the same tree. Does nothing when it is there. */
export async function generateHistory(path: string, commits: number): Promise<void> {
  if (existsSync(path)) return;
  const partial = `${path}.partial`;
  await rm(partial, { recursive: true, force: true });
  await git('init', '--quiet', '--bare', '--initial-branch=main', partial);
  await gitWithInput(['--git-dir', partial, 'fast-import', '--quiet', '--done'], historyStream(commits));
  await git('--git-dir', partial, 'commit-graph', 'write', '--reachable', '--no-progress');
  await rename(partial, path);
}

/** One commit in ten is a merge; messages differ in length. The tag `root` is on the first commit. */
async function* historyStream(commits: number): AsyncGenerator<Uint8Array, void, void> {
  let text = '';
  for (let index = 1; index <= commits; index += 1) {
    const message = `Change ${index}\n\n${'Why it was made, in some words. '.repeat(index % 8)}\n`;
    const merged = index > 10 && index % 10 === 9 ? `merge :${index - 5}\n` : '';
    text +=
      `commit refs/heads/main\nmark :${index}\n` +
      `author Author ${index % 500} <author-${index % 500}@example.com> ${1_200_000_000 + index * 60} +0100\n` +
      `committer Bench <bench@example.com> ${1_200_000_000 + index * 60} +0000\n` +
      `data ${message.length}\n${message}${index === 1 ? '' : `from :${index - (index > 10 && index % 10 === 5 ? 3 : 1)}\n`}${merged}\n`;
    if (index === 1) text += 'reset refs/tags/root\nfrom :1\n\n';
    if (text.length < slabBytes) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}done\n`);
}
