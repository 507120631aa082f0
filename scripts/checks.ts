import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';

/** A check, and the program under node_modules/.bin that makes it. */
interface Check {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** How a check ended. */
export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
}

const root = join(import.meta.dirname, '..');
/** The machines this runs on have two cores at least; more at one time gained nothing there. */
const maxAtOnce = 2;

/** Longest first, so that the others run beside them. */
const checks: readonly Check[] = [
  { name: 'lint', program: 'eslint', args: ['.'] },
  { name: 'types', program: 'tsc', args: ['-p', '.'] },
  { name: 'formatting', program: 'prettier', args: ['--check', '--log-level=warn', '.'] },
  { name: 'layering', program: 'depcruise', args: ['src', '--config', '.dependency-cruiser.mjs'] },
  { name: 'unused', program: 'knip', args: ['--no-progress'] },
];

/** Runs every check; `report` gets a line for each as it ends, and what it said when it failed. */
export async function runChecks(report: (line: string) => void): Promise<readonly CheckResult[]> {
  const waiting = [...checks];
  const results: CheckResult[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const startedAt = performance.now();
      const { status, output } = await runProgram(check);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const passed = status === 0;
      report(`${passed ? 'ok    ' : 'FAILED'} ${check.name.padEnd(10)} ${seconds.padStart(5)} s`);
      if (!passed) report(output.trimEnd());
      results.push({ name: check.name, passed });
    }
  };
  await Promise.all(Array.from({ length: maxAtOnce }, work));
  return results;
}

function runProgram({ program, args }: Check): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const bin = join(root, 'node_modules', '.bin');
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
    const child = spawn(join(bin, program), args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      resolve({ status: 1, output: `${program} cannot be started: ${error.message}` });
    });
    child.on('close', (code) => {
      resolve({ status: code ?? 1, output });
    });
  });
}
