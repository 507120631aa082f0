// `npm test [-- <filter> ...]`: the checks, then the tests. The last line says how many passed and failed; a check
// counts as one.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runChecks } from './checks.ts';
import { missingNeeds } from './system-needs.ts';
import { readTally, type Tally } from './test-tally.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');

async function runTests(filters: readonly string[]): Promise<Tally> {
  const dir = await mkdtemp(join(tmpdir(), 'git-mirror-tests-'));
  try {
    const reportPath = join(dir, 'report.json');
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`, ...filters];
    const status = await new Promise<number>((resolve) => {
      const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
      const child = spawn(join(bin, 'vitest'), args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
      child.on('error', () => {
        resolve(1);
      });
      child.on('close', (code) => {
        resolve(code ?? 1);
      });
    });
    return readTally(await readFile(reportPath, 'utf8').catch(() => ''), status);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const missing = missingNeeds();
if (missing.length > 0) {
  for (const line of missing) console.error(line);
  process.exitCode = 1;
} else {
  const checks = await runChecks((line) => {
    console.log(line);
  });
  const tests = await runTests(process.argv.slice(2));
  const checksPassed = checks.filter(({ passed }) => passed).length;
  const passed = tests.passed + checksPassed;
  const failed = tests.failed + checks.length - checksPassed;
  if (tests.passed + tests.failed === 0) console.log('No test ran.');
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || tests.passed === 0 ? 1 : 0;
}
