/** Starts one of the benchmarks: `npm run bench -- <name> [options]`. */
const names = ['serve', 'mirror', 'replicate', 'acceptance', 'commit-graph'] as const;

const [name] = process.argv.splice(2, 1);
if (names.some((each) => each === name)) {
  try {
    await import(new URL(`${name ?? ''}.ts`, import.meta.url).href);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
} else {
  console.error(`usage: npm run bench -- ${names.join('|')} [options]`);
  process.exitCode = 2;
}
