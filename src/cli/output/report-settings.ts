import type { CleanText } from './clean-text.ts';
import type { Paint } from './style.ts';

/** How results are shown to people. */
export interface ReportSettings {
  readonly paint: Paint;
  /** Makes text from the other side fit to be shown. */
  readonly clean: CleanText;
  /** Width of the terminal; without it nothing is shortened. */
  readonly columns?: number | undefined;
  /** Show every ref. */
  readonly verbose: boolean;
}
