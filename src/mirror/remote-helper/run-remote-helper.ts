import type { Readable } from 'node:stream';
import { messageOf } from '../../core/error.ts';
import { ChildFailed } from './child-failed.ts';
import { CommandReader } from './command-reader.ts';
import { HelperSession } from './helper-session.ts';

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

const failedStatus = 128;

/** Answers git until it has no more to ask; resolves to the exit status. Whatever went wrong has been said by then. */
export async function runRemoteHelper(helper: HelperProcess): Promise<number> {
  const { args, env, stdin, stdout, stderr } = helper;
  const [name = '', given = name] = args;
  const url = given.replace(/^mirror::/, '');
  if (url === '') {
    stderr.write('usage: git clone mirror::<url>  (git starts git-remote-mirror, nobody else needs to)\n');
    return failedStatus;
  }
  const stop = new AbortController();
  const reader = new CommandReader(stdin);
  helper.onSignal((signal) => {
    stop.abort(new Error(`stopped by ${signal}`));
    reader.stop();
  });
  const session = new HelperSession({ env, stderr, name, url, signal: stop.signal });
  try {
    for (let command = await reader.next(); command !== undefined; command = await reader.next()) {
      reader.onEnd(() => {
        stop.abort(new Error('git has gone'));
      });
      stdout.write(Buffer.from(await session.answer(command), 'latin1'));
      reader.onEnd(() => undefined);
    }
    await session.close();
    return stop.signal.aborted ? failedStatus : 0;
  } catch (error) {
    if (!(error instanceof ChildFailed) && !stop.signal.aborted) stderr.write(`fatal: ${messageOf(error)}\n`);
    return failedStatus;
  }
}
