import type { OutputFlags } from '../flags/output-flags.ts';
import type { Host } from '../host.ts';
import { textCleaner } from './clean-text.ts';
import { jsonText } from './json-text.ts';
import { openProgressDisplay, type ProgressDisplay } from './progress-display.ts';
import type { ReportSettings } from './report-settings.ts';
import { colourPaint, noPaint, wantsColour } from './style.ts';

/** Writes what a command has to say, in the way its flags ask for. */
export class Console {
  readonly #host: Host;
  readonly #flags: OutputFlags;
  readonly #secrets: readonly string[];

  /** @param secrets kept out of all output */
  constructor(host: Host, flags: OutputFlags, secrets: readonly string[]) {
    this.#host = host;
    this.#flags = flags;
    this.#secrets = secrets;
  }

  /** Writes a result: as one JSON document, as lines for people, or, with `--quiet`, not at all. */
  writeResult(document: unknown, render: (settings: ReportSettings) => readonly string[]): void {
    const { stdout, env } = this.#host;
    if (this.#flags.json === true) stdout.write(jsonText(document, this.#secrets));
    else if (this.#flags.quiet !== true) {
      const lines = render({
        paint: wantsColour(stdout, env, this.#flags.color) ? colourPaint : noPaint,
        clean: textCleaner(this.#secrets),
        columns: stdout.isTTY === true ? stdout.columns : undefined,
        verbose: this.#flags.verbose === true,
      });
      stdout.write(`${lines.join('\n')}\n`);
    }
  }

  /** Shows progress on standard error if that is wanted: on a terminal, unless told otherwise. */
  openProgress(): ProgressDisplay | undefined {
    const { stderr, env } = this.#host;
    const isTerminal = stderr.isTTY === true;
    const isWanted = this.#flags.progress ?? (isTerminal && this.#flags.quiet !== true);
    if (!isWanted) return undefined;
    return openProgressDisplay({
      stream: stderr,
      clean: textCleaner(this.#secrets),
      verbose: this.#flags.verbose === true,
      redraw: isTerminal && env['TERM'] !== 'dumb',
    });
  }
}
