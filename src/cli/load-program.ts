import type { Command } from 'commander';
import type { CommandSpec } from './commands/command-spec.ts';
import { buildCommandTree, type Dispatch } from './build-program.ts';

/**
 * What loads a command and no other. A command that is missing here is found all the same, with all others: these are those
 * that people wait for. All of them together are half of the time that the program takes to start.
 */
export const commandLoaders: ReadonlyMap<string, () => Promise<CommandSpec>> = new Map([
  ['clone', async () => (await import('./commands/clone.ts')).cloneCommand],
  ['fetch', async () => (await import('./commands/fetch.ts')).fetchCommand],
  ['list', async () => (await import('./commands/list.ts')).listCommand],
  ['add', async () => (await import('./commands/add.ts')).addCommand],
  ['remove', async () => (await import('./commands/remove.ts')).removeCommand],
  ['prefer', async () => (await import('./commands/prefer.ts')).preferCommand],
  ['clean', async () => (await import('./commands/clean.ts')).cleanCommand],
  ['probe', async () => (await import('./commands/probe.ts')).probeCommand],
  ['plan', async () => (await import('./commands/plan.ts')).planCommand],
  ['sync', async () => (await import('./commands/sync.ts')).syncCommand],
  ['replicate', async () => (await import('./commands/replicate.ts')).replicateCommand],
  ['bootstrap', async () => (await import('./commands/bootstrap.ts')).bootstrapCommand],
  ['rank', async () => (await import('./commands/rank.ts')).rankCommand],
  ['sign', async () => (await import('./commands/sign.ts')).signCommand],
  ['verify', async () => (await import('./commands/verify.ts')).verifyCommand],
]);

const versionWords: ReadonlySet<string> = new Set(['-V', '--version']);

/** The tree of commands as far as the words of a command line need it. */
export async function loadProgram(words: readonly string[], dispatch: Dispatch): Promise<Command> {
  const name = words.find((word) => !word.startsWith('-'));
  const [first = ''] = words;
  if (versionWords.has(first)) return buildCommandTree([], dispatch);
  const load = name === undefined ? undefined : commandLoaders.get(name);
  if (load !== undefined) return buildCommandTree([await load()], dispatch);
  const { buildProgram } = await import('./program.ts');
  return buildProgram(dispatch);
}
