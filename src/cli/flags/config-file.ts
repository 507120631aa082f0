import { readFile } from 'node:fs/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { GitMirrorError, messageOf } from '../../core/error.ts';
import { flagValue } from './environment.ts';
import { Flag } from './flag.ts';

const documentSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string())], {
    error: 'is neither text, a number, true, false nor a list of texts',
  }),
);

/**
 * Gives every flag of `command` that is set neither on the command line nor by a variable the value it has in the JSON file
 * at `path`: an object with the names of flags, `max-wants` or `maxWants`, and values as they would stand on the command
 * line. Throws `GM_USAGE` that names the file and the key.
 */
export async function applyConfigFile(command: Command, path: string): Promise<void> {
  const document = await readDocument(path);
  const flags = new Map<string, Flag>();
  for (const option of command.options) {
    if (!(option instanceof Flag) || option.negate) continue;
    flags.set(option.attributeName(), option);
    if (option.long !== undefined) flags.set(option.long.slice(2), option);
  }
  for (const [key, value] of Object.entries(document)) {
    const flag = flags.get(key);
    if (flag === undefined || flag.attributeName() === 'config') {
      throw unusable(path, key, `There is no such setting for ${command.name()}.`);
    }
    const name = flag.attributeName();
    if (command.getOptionValueSource(name) !== undefined) continue;
    try {
      const text = Array.isArray(value) ? value.join(' ') : String(value);
      command.setOptionValueWithSource(name, flagValue(flag, text), 'config');
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw unusable(path, key, error.message);
    }
  }
}

async function readDocument(path: string): Promise<z.infer<typeof documentSchema>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new GitMirrorError('GM_USAGE', `The configuration file ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
      details: { field: 'config' },
    });
  }
  const parsed = documentSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unusable(path, issue?.path.join('.') ?? '', `It ${issue?.message ?? 'is no object'}.`);
}

function unusable(path: string, key: string, why: string): GitMirrorError {
  return new GitMirrorError('GM_USAGE', `The configuration file ${path}, "${key}": ${why}`, {
    details: { field: 'config', key },
  });
}
