import type { ProgressEvent } from '../../sync/progress.ts';
import type { OutputStream } from '../host.ts';
import type { CleanText } from './clean-text.ts';
import { displayWidth, padColumns, shortenEnd, shortenMiddle } from './display-width.ts';
import { ProgressState } from './progress-state.ts';

/** Shows what a run is doing while it runs. */
export interface ProgressDisplay {
  readonly onProgress: (event: ProgressEvent) => void;
  /** Takes whatever is on the screen away. Safe to call twice; nothing is shown afterwards. */
  close(): void;
}

/** How progress is shown. */
export interface ProgressSettings {
  readonly stream: OutputStream;
  readonly clean: CleanText;
  /** Show the lines that the remotes print. */
  readonly verbose: boolean;
  /** The stream is a terminal whose cursor can be moved. */
  readonly redraw: boolean;
}

/** Between two drawings; fast enough for the eye, slow enough for a serial line. */
const redrawMs = 100;
/** Between two lines of figures in a log. */
const logMs = 10_000;
/** Labels of sides get at most so much room. */
const maxLabelColumns = 40;
const defaultColumns = 80;

function remoteLine(event: ProgressEvent, clean: CleanText): string | undefined {
  return event.type === 'remote' ? clean(`${event.side}: ${event.line}`) : undefined;
}

/** A block of lines at the end of the terminal that is drawn over and over. */
class TerminalDisplay implements ProgressDisplay {
  readonly #settings: ProgressSettings;
  readonly #state: ProgressState;
  readonly #timer: NodeJS.Timeout;
  #drawnLines = 0;
  #changed = true;
  #closed = false;

  constructor(settings: ProgressSettings) {
    this.#settings = settings;
    this.#state = new ProgressState(settings.clean);
    this.#timer = setInterval(() => {
      this.#draw();
    }, redrawMs).unref();
  }

  readonly onProgress = (event: ProgressEvent): void => {
    if (this.#closed) return;
    this.#state.take(event);
    this.#changed = true;
    const line = this.#settings.verbose ? remoteLine(event, this.#settings.clean) : undefined;
    if (line !== undefined) this.#settings.stream.write(`${this.#takeErase()}${line}\n`);
  };

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    const erase = this.#takeErase();
    if (erase !== '') this.#settings.stream.write(erase);
  }

  #draw(): void {
    if (!this.#changed) return;
    this.#changed = false;
    // One column stays free: some terminals wrap when the last one is written.
    const columns = Math.max(8, (this.#settings.stream.columns ?? defaultColumns) - 1);
    const sides = this.#state.sides;
    const widest = Math.max(0, ...sides.map(({ label }) => displayWidth(label)));
    const labelColumns = Math.min(widest, maxLabelColumns, Math.floor(columns / 2));
    const lines = [
      this.#state.headline,
      ...sides.map(
        ({ label, figures }) => `  ${padColumns(shortenMiddle(label, labelColumns), labelColumns)}  ${figures}`,
      ),
    ].map((line) => shortenEnd(line, columns));
    const erase = this.#takeErase();
    this.#settings.stream.write(`${erase}${lines.join('\n')}`);
    this.#drawnLines = lines.length;
  }

  /** What takes the block away and leaves the cursor where it began; the block counts as gone then. */
  #takeErase(): string {
    if (this.#drawnLines === 0) return '';
    const up = this.#drawnLines > 1 ? `\u001b[${this.#drawnLines - 1}A` : '';
    this.#drawnLines = 0;
    return `\r${up}\u001b[J`;
  }
}

/** A line for each step, and one of figures now and then: for logs and for terminals without cursor movement. */
class LogDisplay implements ProgressDisplay {
  readonly #settings: ProgressSettings;
  readonly #state: ProgressState;
  #lastFiguresAt = performance.now();
  #lastHeadline = '';
  #closed = false;

  constructor(settings: ProgressSettings) {
    this.#settings = settings;
    this.#state = new ProgressState(settings.clean);
  }

  readonly onProgress = (event: ProgressEvent): void => {
    if (this.#closed) return;
    const isStep = this.#state.take(event);
    const line = this.#settings.verbose ? remoteLine(event, this.#settings.clean) : undefined;
    if (line !== undefined) this.#write(line);
    if (isStep && this.#state.headline !== this.#lastHeadline) {
      this.#lastHeadline = this.#state.headline;
      this.#write(this.#lastHeadline);
    }
    if (event.type === 'bytes' && performance.now() - this.#lastFiguresAt >= logMs) {
      this.#lastFiguresAt = performance.now();
      this.#write(this.#state.sides.map(({ label, figures }) => `${label}: ${figures}`).join('; '));
    }
  };

  close(): void {
    this.#closed = true;
  }

  #write(line: string): void {
    this.#settings.stream.write(`${line}\n`);
  }
}

/** Begins to show progress. The caller closes it before anything else is written to the same terminal. */
export function openProgressDisplay(settings: ProgressSettings): ProgressDisplay {
  return settings.redraw ? new TerminalDisplay(settings) : new LogDisplay(settings);
}
