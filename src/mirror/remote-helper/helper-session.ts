import { isGitMirrorError } from '../../core/error.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import { openGitProgram, type GitProgram } from '../git-program.ts';
import { parseListing, type ListedRef } from '../list-remote.ts';
import type { MirrorReporter } from '../mirror-candidate.ts';
import { readGitSettings, type GitSettings } from '../settings/git-settings.ts';
import { ChildFailed } from './child-failed.ts';
import type { ClonedOrigin } from './clone-from-origin.ts';
import { ChildGit } from './child-git.ts';
import type { HelperCommand, WantedRef } from './command-reader.ts';
import { encodeRefList } from './encode-ref-list.ts';
import { fetchFromOrigin } from './fetch-from-origin.ts';
import { findOrigin } from './find-origin.ts';
import { originArguments, type Origin } from './origin-arguments.ts';
import { pushToOrigin } from './push-to-origin.ts';
import { defaultTransferOptions, setTransferOption, type TransferOptions } from './transfer-options.ts';

/** Between whom a session is. */
export interface SessionContext {
  readonly env: NodeJS.ProcessEnv;
  readonly stderr: NodeJS.WritableStream;
  /** Name of the remote, or the URL that git was given. */
  readonly name: string;
  /** The origin's, without `mirror::`. */
  readonly url: string;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

interface Setup {
  readonly settings: GitSettings;
  readonly origin: Origin;
}

const capabilities = ['option', 'fetch', 'push', 'check-connectivity', 'object-format'];
/** Set for every git under ours: should one of them come back to a `mirror::` URL, mirrors are not asked again. */
const nestedVariable = 'GIT_MIRROR_NESTED';

/** One conversation with git: options gather, the origin is asked for its refs once, and mirrors are tidied up at the end. */
export class HelperSession {
  readonly #context: SessionContext;
  readonly #isNested: boolean;
  readonly #git: GitProgram;
  readonly #child: ChildGit;
  #options = defaultTransferOptions;
  #setup: Promise<Setup> | undefined;
  #listed: readonly ListedRef[] = [];
  #hasAskedMirrors = false;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#isNested = context.env[nestedVariable] !== undefined;
    this.#git = openGitProgram({ ...context.env, [nestedVariable]: '1' }, process.cwd());
    this.#child = new ChildGit(this.#git.env, context.stderr, context.signal);
  }

  /** What git is to get for `command`, one character a byte. */
  async answer(command: HelperCommand): Promise<string> {
    switch (command.kind) {
      case 'capabilities':
        return `${capabilities.join('\n')}\n\n`;
      case 'option': {
        const result = setTransferOption(this.#options, command.name, command.value);
        if (typeof result === 'string') return `${result}\n`;
        this.#options = result;
        return 'ok\n';
      }
      case 'list':
        return this.#list();
      case 'fetch':
        return `${(await this.#fetch(command.refs)).map((line) => `${line}\n`).join('')}\n`;
      case 'push': {
        const refspecs = command.refspecs.map((spec) => Buffer.from(spec, 'latin1').toString('utf8'));
        const { origin } = await this.#open();
        return `${(await pushToOrigin(this.#child, origin, refspecs, this.#options)).join('\n')}\n\n`;
      }
      case 'unknown':
        throw new Error(`git asks for what git-remote-mirror does not do: ${command.line}`);
    }
  }

  /** Git has moved its refs by now: those of mirrors go that hold nothing more. */
  async close(): Promise<void> {
    if (!this.#hasAskedMirrors) return;
    const { cleanMirrorRefs } = await import('../clean-refs.ts');
    const { kept } = await cleanMirrorRefs(this.#git, this.#context.signal);
    if (kept.length > 0) await (await import('../hide-refs.ts')).hideMirrorRefs(this.#git);
    for (const { name } of kept) this.#reporter().detail(`kept ${name}: it holds more than your own refs`);
  }

  async #list(): Promise<string> {
    const { config, remote } = originArguments((await this.#open()).origin);
    const { status, stdout } = await this.#child.run([...config, 'ls-remote', '--symref', remote]);
    if (status !== 0) throw new ChildFailed(status);
    const listing = parseListing(stdout);
    this.#listed = listing.refs;
    return encodeRefList(listing);
  }

  /** Resolves to what git is to be told besides that it is done. */
  async #fetch(refs: readonly WantedRef[]): Promise<readonly string[]> {
    const { origin } = await this.#open();
    const words = await this.#fetchAll(origin, refs);
    // A clone of one branch takes the tags that are there by then; a fetch asks for them by a batch of their own.
    const { cloning, followTags } = this.#options;
    const tags = cloning && followTags ? await this.#tagsOfWhatIsHere(refs) : [];
    if (tags.length === 0) return words;
    const whole = { ...this.#options, depth: undefined, deepenSince: undefined, deepenNot: [] };
    await fetchFromOrigin(
      this.#child,
      origin,
      tags,
      whole,
      refs.map(({ oid }) => oid),
    );
    return words;
  }

  async #fetchAll(origin: Origin, refs: readonly WantedRef[]): Promise<readonly string[]> {
    const arrived = new Set(this.#isNested ? [] : (await this.#askMirrors(refs)).map(({ oid }) => oid));
    const cloned = await this.#clone(origin, refs);
    const isHere = ({ oid }: WantedRef): boolean => arrived.has(oid) || cloned?.oids.has(oid) === true;
    const left = refs.filter((ref) => !isHere(ref));
    const tips = refs.filter(isHere).map(({ oid }) => oid);
    if (left.length > 0) await fetchFromOrigin(this.#child, origin, left, this.#options, tips);
    if (cloned?.keepFile === undefined || !this.#options.checkConnectivity) return [];
    return [`lock ${cloned.keepFile}`, 'connectivity-ok'];
  }

  /** Undefined unless this is for a new clone of whole history, and nothing of it has come from mirrors. */
  async #clone(origin: Origin, refs: readonly WantedRef[]): Promise<ClonedOrigin | undefined> {
    if (!this.#options.cloning || partOf(this.#options) !== 'all') return undefined;
    const { cloneFromOrigin } = await import('./clone-from-origin.ts');
    return cloneFromOrigin(this.#git, this.#child, origin, refs, this.#options);
  }

  /** Annotated tags of the origin that are not here, although what they lead to is. */
  async #tagsOfWhatIsHere(refs: readonly WantedRef[]): Promise<readonly WantedRef[]> {
    const asked = new Set(refs.map(({ oid }) => oid));
    const tags = this.#listed.filter(
      ({ name, oid, peeledOid }) => name.startsWith('refs/tags/') && peeledOid !== undefined && !asked.has(oid),
    );
    const { heldObjects } = await import('../fetch/held-objects.ts');
    const held = await heldObjects(
      this.#git,
      tags.flatMap(({ oid, peeledOid = oid }) => [oid, peeledOid]),
    );
    return tags.filter(({ oid, peeledOid = oid }) => held.has(peeledOid) && !held.has(oid));
  }

  /** Resolves to what needs not be asked of the origin; everything else git compares with what there is by itself. */
  async #askMirrors(refs: readonly WantedRef[]): Promise<readonly OriginRef[]> {
    const part = partOf(this.#options);
    if (part === 'origin only') return [];
    const { settings, origin } = await this.#open();
    const { heldObjects } = await import('../fetch/held-objects.ts');
    const held = await heldObjects(
      this.#git,
      refs.map(({ oid }) => oid),
    );
    const wanted = refs.filter(({ oid, name }) => !held.has(oid) && name.startsWith('refs/'));
    if (wanted.length === 0) return [];
    const { signal, name } = this.#context;
    const reporter = this.#reporter();
    try {
      const { knownMirrors } = await import('./known-mirrors.ts');
      const known = await knownMirrors({ git: this.#git, settings, name, origin, reporter, signal });
      if (known.mirrors.length === 0) return [];
      const { takeHistory, takePart } = await import('./take-from-mirrors.ts');
      const taking = { ...known, git: this.#git, wanted, reporter, signal };
      if (part !== 'all') return await takePart(taking, part.depth, part.filter);
      this.#hasAskedMirrors = true;
      await takeHistory(taking);
    } catch (error) {
      signal.throwIfAborted();
      // Settings that make no sense are for their user to mend; all else that mirrors cannot do is the origin's to do.
      if (!isGitMirrorError(error) || error.code === 'GM_USAGE') throw error;
      reporter.note(`mirrors are left: ${error.message}`);
    }
    return [];
  }

  #open(): Promise<Setup> {
    const { name, url } = this.#context;
    this.#setup ??= readGitSettings(this.#git).then((settings) => ({
      settings,
      origin: findOrigin(settings, name, url),
    }));
    return this.#setup;
  }

  #reporter(): MirrorReporter {
    const say = (line: string): void => {
      this.#context.stderr.write(`git-mirror: ${line}\n`);
    };
    const nothing = (): void => undefined;
    const { verbosity } = this.#options;
    return { note: verbosity < 1 ? nothing : say, detail: verbosity < 2 ? nothing : say };
  }
}

/**
 * Which part of history mirrors are asked for. Parts that a repository is to have beside what it has already come from the
 * origin: only that says where history ends and what may be missing.
 */
function partOf(
  options: TransferOptions,
): 'all' | 'origin only' | { readonly depth: number | undefined; readonly filter: string | undefined } {
  const { depth, deepenSince, deepenNot, deepenRelative, filter, cloning } = options;
  if (options.fromPromisor && !cloning) return 'origin only';
  if (deepenSince !== undefined || deepenNot.length > 0 || deepenRelative || options.refetch) return 'origin only';
  if (depth === undefined && filter === undefined) return 'all';
  return cloning ? { depth: depth === undefined ? undefined : Number(depth), filter } : 'origin only';
}
