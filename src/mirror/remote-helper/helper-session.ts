import type { Readable } from 'node:stream';
import { messageOf } from '../../core/error.ts';
import { parseListing } from '../list-remote.ts';
import { ChildFailed } from './child-failed.ts';
import { ChildGit } from './child-git.ts';
import { CommandReader, type HelperCommand } from './command-reader.ts';
import { encodeRefList } from './encode-ref-list.ts';
import { fetchFromOrigin } from './fetch-from-origin.ts';
import { findOrigin } from './find-origin.ts';
import { originArguments, type Origin } from './origin-arguments.ts';
import { pushToOrigin } from './push-to-origin.ts';
import { defaultTransferOptions, setTransferOption } from './transfer-options.ts';

/** What a remote helper is given by git. */
export interface HelperProcess {
  /** The name of a remote or its URL, and the URL without `mirror::`. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Calls back for each signal that asks to stop. */
  onSignal(listener: (signal: NodeJS.Signals) => void): void;
}

const capabilities = ['option', 'fetch', 'push', 'check-connectivity', 'object-format'];
const failedStatus = 128;

/** Answers git until it has no more to ask; resolves to the exit status. Whatever went wrong has been said by then. */
export async function runRemoteHelper(helper: HelperProcess): Promise<number> {
  const { args, env, stdin, stdout, stderr } = helper;
  const [name = '', given = name] = args;
  const url = given.replace(/^mirror::/, '').replace(/^mirror:\/\//, '');
  if (url === '') {
    stderr.write('usage: git clone mirror::<url>  (git runs git-remote-mirror, not people)\n');
    return failedStatus;
  }
  const git = new ChildGit(env, stderr);
  const reader = new CommandReader(stdin);
  let stopped: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    stopped = signal;
    git.end(signal);
  };
  helper.onSignal(stop);
  reader.onEnd(() => {
    stop('SIGTERM');
  });
  const session = new HelperSession(git, name, url);
  try {
    for (let command = await reader.next(); command !== undefined; command = await reader.next()) {
      stdout.write(Buffer.from(await session.answer(command), 'latin1'));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof ChildFailed) && stopped === undefined) stderr.write(`fatal: ${messageOf(error)}\n`);
    return failedStatus;
  }
}

/** One conversation with git: options gather, and the origin is asked for its refs once. */
class HelperSession {
  readonly #git: ChildGit;
  readonly #name: string;
  readonly #url: string;
  #options = defaultTransferOptions;
  #origin: Promise<Origin> | undefined;

  constructor(git: ChildGit, name: string, url: string) {
    this.#git = git;
    this.#name = name;
    this.#url = url;
  }

  /** What git is to get for `command`, one character a byte. */
  async answer(command: HelperCommand): Promise<string> {
    switch (command.kind) {
      case 'capabilities':
        return `${capabilities.join('\n')}\n\n`;
      case 'option':
        return this.#setOption(command.name, command.value);
      case 'list':
        return this.#list();
      case 'fetch':
        await fetchFromOrigin(this.#git, await this.#findOrigin(), command.refs, this.#options);
        return '\n';
      case 'push': {
        const refspecs = command.refspecs.map((spec) => Buffer.from(spec, 'latin1').toString('utf8'));
        const report = await pushToOrigin(this.#git, await this.#findOrigin(), refspecs, this.#options);
        return `${report.join('\n')}\n\n`;
      }
      case 'unknown':
        throw new Error(`git asks for what git-remote-mirror does not do: ${command.line}`);
    }
  }

  #setOption(name: string, value: string): string {
    const result = setTransferOption(this.#options, name, value);
    if (typeof result === 'string') return `${result}\n`;
    this.#options = result;
    return 'ok\n';
  }

  async #list(): Promise<string> {
    const { config, remote } = originArguments(await this.#findOrigin());
    const { status, stdout } = await this.#git.run([...config, 'ls-remote', '--symref', remote]);
    if (status !== 0) throw new ChildFailed(status);
    return encodeRefList(parseListing(stdout));
  }

  #findOrigin(): Promise<Origin> {
    this.#origin ??= findOrigin(this.#git, this.#name, this.#url);
    return this.#origin;
  }
}
