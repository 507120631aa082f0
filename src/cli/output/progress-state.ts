import type { ProgressEvent } from '../../sync/progress.ts';
import type { CleanText } from './clean-text.ts';
import { formatBytes, formatClock, formatCount, formatRate } from './quantities.ts';

/** Lines shown for sides at most; with more targets the rest is counted. */
const maxSides = 8;

interface Side {
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly totalBytes: number | undefined;
}

/** What a run is doing, gathered from its progress events. */
export class ProgressState {
  readonly #clean: CleanText;
  readonly #sides = new Map<string, Side>();
  #message = 'Starting';
  #objects: number | undefined;
  #batch: { readonly done: number; readonly planned: number } | undefined;

  constructor(clean: CleanText) {
    this.#clean = clean;
  }

  /** Takes an event up; says whether it is worth showing at once. */
  take(event: ProgressEvent): boolean {
    switch (event.type) {
      case 'phase':
        this.#message = this.#clean(event.message === '' ? event.phase : event.message);
        return true;
      case 'bytes':
        this.#sides.set(event.side, {
          bytes: event.bytes,
          bytesPerSecond: event.bytesPerSecond,
          totalBytes: event.totalBytes,
        });
        return false;
      case 'pack':
        this.#objects = event.objects;
        return false;
      case 'batch':
        this.#batch = { done: event.done, planned: event.planned };
        return true;
      case 'remote':
      case 'ref':
        return false;
    }
  }

  /** What is under way, in one line: `Copying objects, 1,234 objects, batch 2 of 5`. */
  get headline(): string {
    const batch = this.#batch;
    return [
      this.#message,
      ...(this.#objects === undefined ? [] : [`${formatCount(this.#objects)} objects`]),
      ...(batch === undefined || batch.planned === 0
        ? []
        : [`batch ${Math.min(batch.done + 1, batch.planned)} of ${batch.planned}`]),
    ].join(', ');
  }

  /** One line a side: its name, bytes and rate, and the share and time left where the size is known. */
  get sides(): readonly { readonly label: string; readonly figures: string }[] {
    const hasOneTarget = this.#sides.size <= 2;
    const lines = [...this.#sides].map(([side, figures]) => ({
      label: side === 'source' ? 'source' : hasOneTarget ? 'target' : this.#clean(side),
      figures: describeSide(figures),
    }));
    if (lines.length <= maxSides) return lines;
    return [...lines.slice(0, maxSides), { label: `and ${lines.length - maxSides} more`, figures: '' }];
  }
}

function describeSide({ bytes, bytesPerSecond, totalBytes }: Side): string {
  const figures = [formatBytes(bytes), formatRate(bytesPerSecond)];
  if (totalBytes !== undefined && totalBytes > 0) {
    const left = Math.max(0, totalBytes - bytes);
    figures.push(`${Math.min(100, Math.floor((bytes * 100) / totalBytes))} % of ${formatBytes(totalBytes)}`);
    if (bytesPerSecond > 0) figures.push(`${formatClock(left / bytesPerSecond)} left`);
  }
  return figures.join(', ');
}
