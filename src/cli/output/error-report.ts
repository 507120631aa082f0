import { GitMirrorError, isGitMirrorError, messageOf } from '../../core/error.ts';
import type { ErrorInfo } from '../../sync/result.ts';
import type { CleanText } from './clean-text.ts';
import type { Paint } from './style.ts';

/** Causes followed; a longer chain is a loop. */
const maxCauses = 8;

/** Whether the operating system refused something, as Node reports it. */
function isSystemError(error: unknown): error is Error & { readonly code: string; readonly syscall: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** Anything that was thrown as an error of this package: what the system refused, or what is a defect of ours. */
export function toGitMirrorError(error: unknown): GitMirrorError {
  if (isGitMirrorError(error)) return error;
  if (isSystemError(error)) {
    return new GitMirrorError('GM_SYSTEM', `The operating system refused: ${error.message}.`, {
      details: { systemCode: error.code },
      cause: error,
    });
  }
  return new GitMirrorError(
    'GM_INTERNAL',
    `Something went wrong that should not: ${messageOf(error)}. Run again with --verbose and report what it shows.`,
    { cause: error },
  );
}

/** The document that stands on standard output, with `--json`, instead of a result. */
export function errorDocument(error: GitMirrorError): { readonly error: ErrorInfo } {
  return { error: error.toJSON() };
}

function causesOf(error: GitMirrorError): readonly unknown[] {
  const causes: unknown[] = [];
  let cause = error.cause;
  while (cause !== undefined && causes.length < maxCauses) {
    causes.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/** How the lines of an error are written. */
export interface ErrorReportSettings {
  readonly paint: Paint;
  readonly clean: CleanText;
  readonly verbose: boolean;
}

/** An error as lines of text for people: one, or with `verbose` also its causes and, for a defect, where it is. */
export function renderError(error: GitMirrorError, { paint, clean, verbose }: ErrorReportSettings): string[] {
  const lines = [`${paint('red', 'git-mirror:')} ${clean(error.message)} ${paint('dim', `(${error.code})`)}`];
  if (!verbose) return lines;
  const causes = causesOf(error);
  for (const cause of causes) lines.push(`  caused by: ${clean(messageOf(cause))}`);
  if (error.code !== 'GM_INTERNAL') return lines;
  const deepest = causes.findLast((cause) => cause instanceof Error) ?? error;
  const frames = (deepest.stack ?? '').split('\n').filter((line) => line.trim().startsWith('at '));
  return [...lines, ...frames.map((frame) => paint('dim', `    ${clean(frame.trim())}`))];
}
