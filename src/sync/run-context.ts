import type { AdvancedOptions } from './advanced-options.ts';
import type { ProgressReporter } from './progress-reporter.ts';

/** What every step of a run has at hand. */
export interface RunContext {
  readonly signal: AbortSignal | undefined;
  readonly progress: ProgressReporter;
  readonly advanced: AdvancedOptions;
}
