import { mkdir } from 'node:fs/promises';
import { GitMirrorError } from '../../core/error.ts';
import type { ObjectFormat, ObjectId } from '../../core/object-id.ts';
import type { BulkRequest } from '../bulk-fetch.ts';
import { fetchFromMirrors } from '../fetch/fetch-from-mirrors.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';
import { maxStatementBytes, parseStatement, statementRef, type RefStatement, type Signer } from './ref-statement.ts';
import { signatureFault } from './signature-fault.ts';

/** A statement and the object it is. */
export interface StoredStatement {
  readonly oid: ObjectId;
  readonly statement: RefStatement;
}

/**
 * A bare repository that holds statements and nothing else. Its refs are its memory: `refs/seen/newest` is the newest
 * statement that was believed, `refs/seen/mirrors/<space>` the newest that a mirror has shown.
 */
export class StatementStore {
  readonly #git: GitProgram;
  readonly format: ObjectFormat;

  private constructor(git: GitProgram, format: ObjectFormat) {
    this.#git = git;
    this.format = format;
  }

  /** Opens the store in `directory`, and makes it when there is none. Throws `GM_OBJECT_FORMAT` for one of another format. */
  static async open(git: GitProgram, directory: string, format: ObjectFormat): Promise<StatementStore> {
    await mkdir(directory, { recursive: true });
    const inside = git.with({ GIT_DIR: directory, GIT_WORK_TREE: undefined }, directory);
    const known = await inside.run(['rev-parse', '--show-object-format'], { allowStatus: [128] });
    if (known.status !== 0) await inside.run(['init', '--quiet', '--bare', `--object-format=${format}`]);
    else if (known.stdout.trim() !== format) {
      throw new GitMirrorError(
        'GM_OBJECT_FORMAT',
        `The repository names its objects with ${format} now; remove ${directory}`,
      );
    }
    return new StatementStore(inside, format);
  }

  /** Fetches the statement `oid` of the origin `url`, and all that it builds on, as the user of `git`. */
  async fetch(url: string, git: GitProgram, oid: ObjectId, signal: AbortSignal): Promise<void> {
    const fetching = git.with({ GIT_DIR: this.#git.cwd, GIT_WORK_TREE: undefined }, this.#git.cwd);
    const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-gc'];
    await fetching.run(['fetch', ...flags, '--', url, `+${statementRef}:refs/fetched/statement`], { signal });
    // It may have moved since it was listed.
    await this.#git.run(['cat-file', '-e', oid], { signal });
  }

  /** The same of a mirror, which learns nothing of the user. Whether it came. */
  async fetchFromMirror(
    oid: ObjectId,
    request: Omit<BulkRequest, 'git' | 'mirrors' | 'wanted' | 'scope' | 'skip'> & { readonly mirror: MirrorCandidate },
  ): Promise<boolean> {
    const { arrived } = await fetchFromMirrors({
      ...request,
      git: this.#git,
      mirrors: [request.mirror],
      wanted: [{ name: statementRef, oid }],
      scope: [],
      skip: () => new AbortController().signal,
    });
    return arrived.length > 0;
  }

  /** The newest statement that was believed, or that the mirror `space` has shown. */
  remembered(space?: string): Promise<ObjectId | undefined> {
    return this.#find(memoryRef(space));
  }

  /** Remembers a statement as such. */
  async remember(oid: ObjectId, space?: string): Promise<void> {
    await this.#git.run(['update-ref', memoryRef(space), oid]);
  }

  /**
   * The statement `top` and those before it, newest first, to the first one. Sequences fall by one from each to the next.
   *
   * @throws GitMirrorError `GM_CORRUPT` for one that is malformed, missing or out of order
   */
  async chain(top: ObjectId): Promise<readonly StoredStatement[]> {
    const listed = await this.#git.text(['rev-list', '--objects', '--no-object-names', top]);
    const contents = await this.#readTags(listed.split('\n'));
    const chain: StoredStatement[] = [];
    for (let oid: ObjectId | undefined = top; oid !== undefined;) {
      const content = contents.get(oid);
      if (content === undefined) throw new GitMirrorError('GM_CORRUPT', `The statement ${oid} is no tag object`);
      const statement = parseStatement(content, this.format);
      const expected = (chain.at(-1)?.statement.sequence ?? statement.sequence + 1) - 1;
      if (statement.sequence !== expected || (statement.previous === undefined) !== (statement.sequence === 1)) {
        throw new GitMirrorError('GM_CORRUPT', `The statement ${oid} does not have the sequence it should have`);
      }
      chain.push({ oid, statement });
      oid = statement.previous;
    }
    return chain;
  }

  /** As `signatureFault`, of a statement in this store. */
  signatureFault(oid: ObjectId, signers: readonly Signer[]): Promise<string | undefined> {
    return signatureFault(this.#git, oid, signers);
  }

  async #find(ref: string): Promise<ObjectId | undefined> {
    const text = await this.#git.text(['rev-parse', '--verify', '--quiet', ref], { allowStatus: [1] });
    return text === '' ? undefined : (text as ObjectId);
  }

  /** Contents of those that are tags, by object id. */
  async #readTags(oids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await this.#git.run(['cat-file', '--batch'], { input: oids.map((oid) => `${oid}\n`).join('') });
    const bytes = Buffer.from(stdout, 'utf8');
    const contents = new Map<string, string>();
    for (let at = 0; at < bytes.length;) {
      const lineEnd = bytes.indexOf(0x0a, at);
      const [oid = '', type, size] = bytes.toString('utf8', at, lineEnd).split(' ');
      const [start, end] = [lineEnd + 1, lineEnd + 1 + Number(size)];
      if (lineEnd < 0 || Number.isNaN(end)) throw new GitMirrorError('GM_CORRUPT', 'A statement of refs is missing');
      if (type === 'tag')
        contents.set(oid, bytes.toString('utf8', start, Math.min(end, start + maxStatementBytes + 1)));
      at = end + 1;
    }
    return contents;
  }
}

function memoryRef(space: string | undefined): string {
  return space === undefined ? 'refs/seen/newest' : `refs/seen/mirrors/${space}`;
}
