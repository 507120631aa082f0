import { printableText } from '../wire/printable-text.ts';

/** How much a line matters. `debug` lines are shown only when asked for. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Facts that go with a line; they appear in the JSON form only. Never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Takes one line for people and the facts behind it. */
export interface Logger {
  log(level: LogLevel, event: string, message: string, fields?: LogFields): void;
}

/** Where lines go and what they look like. */
export interface LineLoggerOptions {
  /** Called with each line, its line end included. */
  readonly write: (line: string) => void;
  /** `human`: the time of day and the message; `json`: one object a line with `time`, `level`, `event`, `message` and the fields. */
  readonly format: 'human' | 'json';
  /** Show `debug` lines too. Default false. */
  readonly verbose?: boolean | undefined;
  readonly now?: (() => Date) | undefined;
}

/** A logger that writes one line an event. Messages are made printable: parts of them come from other machines. */
export function createLineLogger(options: LineLoggerOptions): Logger {
  const now = options.now ?? (() => new Date());
  return {
    log(level, event, message, fields = {}) {
      if (level === 'debug' && options.verbose !== true) return;
      const text = printableText(message);
      options.write(
        options.format === 'json'
          ? `${JSON.stringify({ time: now().toISOString(), level, event, message: text, ...fields })}\n`
          : `${timeOfDay(now())} ${levelMark(level)}${text}\n`,
      );
    },
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = { log: () => undefined };

/** `logger` without what is not a warning or an error. */
export function onlyProblems(logger: Logger): Logger {
  return {
    log(level, ...rest) {
      if (level === 'warn' || level === 'error') logger.log(level, ...rest);
    },
  };
}

function levelMark(level: LogLevel): string {
  return level === 'warn' ? 'warning: ' : level === 'error' ? 'error: ' : '';
}

function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
