import { closeSync, openSync, writeSync } from 'node:fs';
import { GitMirrorError, messageOf } from '../core/error.ts';
import type { OutputStream } from './host.ts';
import { parseBoolean } from './flags/flag.ts';

/** Takes the lines of a packet trace. */
export interface TraceSink {
  /** Appends one line; given without its line end. */
  readonly write: (line: string) => void;
  close(): void;
}

/**
 * Where `GIT_MIRROR_TRACE_PACKET` says the packet trace goes: `1`, `2` or `true` to standard error, any other path to
 * the end of that file, as git(1) has it for `GIT_TRACE`. Undefined when it is not set, empty, `0` or `false`.
 * Throws `GM_USAGE` when the file cannot be opened. Lines are written at once, so that a crash loses none.
 */
export function openTraceSink(setting: string | undefined, stderr: OutputStream): TraceSink | undefined {
  if (setting === undefined || setting === '' || parseBoolean(setting) === false) return undefined;
  if (setting === '2' || parseBoolean(setting) === true) {
    return {
      write: (line) => void stderr.write(`${line}\n`),
      close: () => undefined,
    };
  }
  let file: number;
  try {
    file = openSync(setting, 'a', 0o600);
  } catch (error) {
    throw new GitMirrorError('GM_USAGE', `GIT_MIRROR_TRACE_PACKET: cannot open ${setting}: ${messageOf(error)}.`, {
      details: { field: 'GIT_MIRROR_TRACE_PACKET' },
      cause: error,
    });
  }
  return {
    write: (line) => {
      writeSync(file, `${line}\n`);
    },
    close: () => {
      closeSync(file);
    },
  };
}
