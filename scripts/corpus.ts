/**
 * Makes the repositories that benchmarks and tests of scale use: `npm run corpus [-- <name> ...]`. They are kept in
 * .data/corpus, and are the same on every machine.
 */
import { corpusFolder, corpusNames, makeCorpus, type CorpusName } from '../bench/corpus/corpus.ts';

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !corpusNames.some((known) => known === name));
if (unknown !== undefined) {
  console.error(`usage: npm run corpus [-- ${corpusNames.join('|')} ...]; there is no ${unknown}`);
  process.exitCode = 2;
} else {
  for (const name of asked.length === 0 ? corpusNames : (asked as CorpusName[])) {
    const startedAt = performance.now();
    await makeCorpus(name, corpusFolder);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${corpusFolder}/${name}.git (${seconds} s)`);
  }
}
