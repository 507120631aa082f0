import { expect, test } from 'vitest';
import { commandLoaders, loadProgram } from './load-program.ts';
import { commandSpecs } from './program.ts';

const names = async (...words: readonly string[]): Promise<readonly string[]> =>
  (await loadProgram(words, () => Promise.resolve())).commands.map((command) => command.name());

const all = commandSpecs.map(({ name }) => name);

test('a command that is named is loaded alone, and is the same as among all others', async () => {
  for (const [name, load] of commandLoaders) {
    expect(await load()).toBe(commandSpecs.find((spec) => spec.name === name));
    expect(await names('--json', name, 'serve', '--help')).toEqual([name]);
  }
});

test('all are loaded for the help, for completion, and for a name that is none', async () => {
  for (const words of [['--help'], ['help', 'fetch'], ['completion', 'bash'], ['fech'], ['--jsn', 'x', 'fetch'], []]) {
    expect(await names(...words)).toEqual(all);
  }
});

test('for the version none is needed', async () => {
  expect(await names('--version')).toEqual([]);
});
