// `npm run check`: everything that is true of the code without running it.
import { runChecks } from './checks.ts';

const results = await runChecks((line) => {
  console.log(line);
});
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
