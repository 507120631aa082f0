import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProgressEvent } from '../../sync/progress.ts';
import { textCleaner } from './clean-text.ts';
import { openProgressDisplay } from './progress-display.ts';

/** As much of a terminal as the display needs: carriage return, cursor up, erase to the end of the screen. */
class Screen {
  isTTY = true;
  columns: number;
  written = '';
  writes = 0;
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns = 80) {
    this.columns = columns;
  }

  write(text: string): void {
    this.writes += 1;
    this.written += text;
    for (const [token] of text.matchAll(/\u001b\[(\d*)([A-Z])|\r|\n|[^\u001b\r\n]+/g)) this.#apply(token);
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  #apply(token: string): void {
    const sequence = /^\u001b\[(\d*)([A-Z])$/.exec(token);
    if (token === '\r') this.#column = 0;
    else if (token === '\n') {
      this.#row += 1;
      this.#column = 0;
      this.#lines[this.#row] ??= '';
    } else if (sequence?.[2] === 'A') this.#row -= Number(sequence[1] ?? 1);
    else if (sequence?.[2] === 'J') {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
    } else if (sequence !== null) throw new Error(`unexpected sequence ${JSON.stringify(token)}`);
    else {
      const line = this.#lines[this.#row] ?? '';
      this.#lines[this.#row] = line.slice(0, this.#column) + token + line.slice(this.#column + token.length);
      this.#column += token.length;
      expect(this.#column).toBeLessThan(this.columns);
    }
  }
}

const clean = textCleaner(['s3cret-token']);
const mib = 1024 ** 2;

function bytes(side: string, amount: number, totalBytes?: number): ProgressEvent {
  return { type: 'bytes', side, bytes: amount, bytesPerSecond: 2 * mib, totalBytes };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a block of lines that is drawn over and then taken away', () => {
  const screen = new Screen();
  const display = openProgressDisplay({ stream: screen, clean, verbose: false, redraw: true });
  display.onProgress({ type: 'phase', phase: 'connect', message: 'Asking both ends' });
  vi.advanceTimersByTime(150);
  expect(screen.text).toBe('Asking both ends');

  display.onProgress({ type: 'phase', phase: 'transfer', message: 'Copying' });
  display.onProgress({ type: 'pack', objects: 419_403 });
  display.onProgress({ type: 'batch', done: 1, planned: 5 });
  display.onProgress(bytes('source', 12.5 * mib, 25 * mib));
  display.onProgress(bytes('https://host/two.git', 12 * mib));
  vi.advanceTimersByTime(150);
  expect(screen.text).toBe(
    [
      'Copying, 419,403 objects, batch 2 of 5',
      '  source  12.50 MiB, 2.00 MiB/s, 50 % of 25.00 MiB, 0:07 left',
      '  target  12.00 MiB, 2.00 MiB/s',
    ].join('\n'),
  );
  display.close();
  expect(screen.text).toBe('');
  display.close();
  display.onProgress({ type: 'phase', phase: 'done', message: 'late' });
  vi.advanceTimersByTime(1000);
  expect(screen.text).toBe('');
});

test('it is drawn at most ten times a second, and not at all when nothing has changed', () => {
  const screen = new Screen();
  const display = openProgressDisplay({ stream: screen, clean, verbose: false, redraw: true });
  for (let ms = 0; ms < 1000; ms += 1) {
    display.onProgress(bytes('source', ms));
    vi.advanceTimersByTime(1);
  }
  expect(screen.writes).toBeLessThanOrEqual(10);
  expect(screen.writes).toBeGreaterThan(5);
  const { writes } = screen;
  vi.advanceTimersByTime(5000);
  expect(screen.writes).toBeLessThanOrEqual(writes + 1);
  display.close();
});

test('several targets have their names, and many are counted', () => {
  const screen = new Screen(40);
  const display = openProgressDisplay({ stream: screen, clean, verbose: false, redraw: true });
  for (let index = 0; index < 12; index += 1) {
    display.onProgress(bytes(`https://user:pw@host-${index}.example/a/long/path/repository.git`, mib));
  }
  vi.advanceTimersByTime(150);
  const lines = screen.text.split('\n');
  expect(lines).toHaveLength(1 + 8 + 1);
  expect(lines[1]).toBe('  https://h…itory.git  1.00 MiB, 2.00 …');
  expect(lines.at(-1)?.trim()).toBe('and 4 more');
  expect(screen.written).not.toContain('pw');
  display.close();
  expect(screen.text).toBe('');
});

test('lines of the remotes stand above the block, made harmless, and only when asked for', () => {
  const remote: ProgressEvent = {
    type: 'remote',
    side: 'source',
    line: 'Counting s3cret-token \u001b[2Jobjects\u0007',
  };
  for (const verbose of [true, false]) {
    const screen = new Screen();
    const display = openProgressDisplay({ stream: screen, clean, verbose, redraw: true });
    display.onProgress({ type: 'phase', phase: 'transfer', message: 'Copying' });
    vi.advanceTimersByTime(150);
    display.onProgress(remote);
    vi.advanceTimersByTime(150);
    expect(screen.text).toBe(verbose ? 'source: Counting *** objects?\nCopying' : 'Copying');
    display.close();
    expect(screen.text).toBe(verbose ? 'source: Counting *** objects?\n' : '');
  }
});

test('where the cursor cannot be moved there is a line for each step', () => {
  const screen = new Screen();
  const display = openProgressDisplay({ stream: screen, clean, verbose: false, redraw: false });
  display.onProgress({ type: 'phase', phase: 'connect', message: 'Asking both ends' });
  display.onProgress({ type: 'phase', phase: 'transfer', message: 'Copying' });
  display.onProgress(bytes('source', mib));
  vi.advanceTimersByTime(11_000);
  display.onProgress(bytes('source', 2 * mib));
  display.onProgress(bytes('source', 3 * mib));
  display.onProgress({ type: 'batch', done: 1, planned: 2 });
  display.close();
  expect(screen.written).toBe('Asking both ends\nCopying\nsource: 2.00 MiB, 2.00 MiB/s\nCopying, batch 2 of 2\n');
});
