/** How many tests passed and failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

interface FileReport {
  readonly status?: unknown;
  readonly assertionResults?: readonly { readonly status?: unknown }[];
}

/**
 * Counts the tests in a JSON report of vitest (`text`, empty when none was written). A file that could not be loaded
 * counts as one failure, and so does whatever else made vitest end with a `status` other than 0.
 */
export function readTally(text: string, status: number): Tally {
  let passed = 0;
  let failed = 0;
  for (const file of filesOf(text)) {
    const results = file.assertionResults ?? [];
    passed += results.filter((result) => result.status === 'passed').length;
    const failures = results.filter((result) => result.status === 'failed').length;
    failed += failures === 0 && file.status === 'failed' ? 1 : failures;
  }
  return { passed, failed: status !== 0 && failed === 0 ? 1 : failed };
}

function filesOf(text: string): readonly FileReport[] {
  try {
    const report: unknown = JSON.parse(text);
    const isReport = typeof report === 'object' && report !== null && 'testResults' in report;
    return isReport && Array.isArray(report.testResults) ? (report.testResults as readonly FileReport[]) : [];
  } catch {
    return [];
  }
}
