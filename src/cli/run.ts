import { CommanderError, type Command } from 'commander';
import { errorMeanings } from '../core/error.ts';
import type { CommandSpec } from './commands/command-spec.ts';
import { exitStatus } from './exit-status.ts';
import { applyEnvironment } from './flags/environment.ts';
import { parseBoolean } from './flags/flag.ts';
import type { OutputFlags } from './flags/output-flags.ts';
import type { Host } from './host.ts';
import { Interrupted, Interruption } from './interruption.ts';
import type { CommandFlags, Invocation } from './invocation.ts';
import { isHelpEnd, toUsageError } from './parse-error.ts';
import { loadProgram } from './load-program.ts';

/** State of one run that error messages need, however far parsing has come. */
interface RunState {
  flags: OutputFlags;
  commandName: string | undefined;
  secrets: readonly string[];
  status: number;
}

function writeTo(command: Command, host: Host): void {
  const { stdout, stderr } = host;
  command.configureOutput({
    writeOut: (text) => void stdout.write(text),
    // What is wrong is said by reportError, in the form that was asked for.
    writeErr: () => undefined,
    getOutHelpWidth: () => Math.min(stdout.columns ?? 100, 120),
    getErrHelpWidth: () => Math.min(stderr.columns ?? 100, 120),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
}

/** Flags in front of the command count unless the same ones stand behind it, too. */
function inheritFlags(command: Command, root: Command): void {
  for (const flag of root.options) {
    const name = flag.attributeName();
    if (root.getOptionValueSource(name) !== 'cli' || command.getOptionValueSource(name) === 'cli') continue;
    command.setOptionValueWithSource(name, root.getOptionValue(name), 'cli');
  }
}

/**
 * Passwords inside URLs on the command line, as they stand there, as they are meant and as they are sent: a server may
 * repeat any of these. They are kept out of messages like any other secret.
 */
function passwordsIn(operands: readonly string[]): readonly string[] {
  return operands.flatMap((operand) => {
    const [, username = '', password] = /:\/\/([^/?#@]*?):([^/?#]+)@/.exec(operand) ?? [];
    if (password === undefined) return [];
    const [plainName, plain] = [percentDecoded(username), percentDecoded(password)];
    return [password, plain, Buffer.from(`${plainName}:${plain}`).toString('base64')];
  });
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // What is wrong with the URL is said elsewhere.
    return text;
  }
}

async function dispatch(spec: CommandSpec, command: Command, host: Host, state: RunState): Promise<void> {
  const root = command.parent ?? command;
  inheritFlags(command, root);
  const operands = command.processedArgs.flat().filter((operand) => typeof operand === 'string');
  state.flags = command.opts<OutputFlags>();
  state.secrets = passwordsIn(operands);
  applyEnvironment(command, host.env);
  const { config } = command.opts<CommandFlags>();
  if (config !== undefined) {
    const { applyConfigFile } = await import('./flags/config-file.ts');
    await applyConfigFile(command, config);
  }
  const flags = command.opts<CommandFlags>();
  state.flags = flags;
  if (flags.quiet === true && flags.verbose === true) {
    throw new CommanderError(exitStatus.usage, 'git-mirror.contradiction', '--quiet contradicts --verbose');
  }
  let interruption: Interruption | undefined;
  const invocation: Invocation = {
    host,
    commandName: spec.name,
    operands,
    flags,
    sourceOf: (name) => {
      const source = command.getOptionValueSource(name);
      if (source === 'cli') return 'cli';
      return source === 'env' ? 'env' : undefined;
    },
    get signal() {
      interruption ??= new Interruption(host);
      return interruption.signal;
    },
    keepSecret: (secrets) => {
      state.secrets = [...state.secrets, ...secrets];
    },
    root,
  };
  try {
    const act = await spec.load();
    state.status = await act(invocation);
  } catch (error) {
    // Whatever a cut-off step makes of it: the user has asked for the end.
    interruption?.signal.throwIfAborted();
    throw error;
  } finally {
    interruption?.close();
  }
}

/** Whether the words that could not be parsed, or the environment, ask for JSON. */
function wantsJson(words: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const end = words.indexOf('--');
  return (
    (end < 0 ? words : words.slice(0, end)).includes('--json') || parseBoolean(env['GIT_MIRROR_JSON'] ?? '') === true
  );
}

async function reportError(thrown: unknown, host: Host, state: RunState): Promise<number> {
  const { errorDocument, renderError, toGitMirrorError } = await import('./output/error-report.ts');
  const { nameFlagOf } = await import('./output/request-fields.ts');
  const { textCleaner } = await import('./output/clean-text.ts');
  const error =
    thrown instanceof CommanderError ? toUsageError(thrown, state.commandName) : nameFlagOf(toGitMirrorError(thrown));
  if (state.flags.json === true) {
    const { jsonText } = await import('./output/json-text.ts');
    host.stdout.write(jsonText(errorDocument(error), state.secrets));
  } else {
    const { colourPaint, noPaint, wantsColour } = await import('./output/style.ts');
    const lines = renderError(error, {
      paint: wantsColour(host.stderr, host.env, state.flags.color) ? colourPaint : noPaint,
      clean: textCleaner(state.secrets),
      verbose: state.flags.verbose === true,
    });
    host.stderr.write(`${lines.join('\n')}\n`);
  }
  return errorMeanings[error.code].exitStatus;
}

/**
 * Carries out the command line `words` (without the program's own name) and returns the exit status. All there is to
 * say has been handed to the host's streams by then; nothing is thrown.
 */
export async function run(words: readonly string[], host: Host): Promise<number> {
  const state: RunState = { flags: {}, commandName: undefined, secrets: [], status: exitStatus.done };
  const root = await loadProgram(words, (spec, command) => dispatch(spec, command, host, state));
  for (const command of [root, ...root.commands]) writeTo(command, host);
  const first = words.find((word) => !word.startsWith('-'));
  state.commandName = root.commands.map((command) => command.name()).find((name) => name === first);
  try {
    if (words.length === 0) {
      host.stderr.write(root.helpInformation());
      return exitStatus.usage;
    }
    await root.parseAsync(words, { from: 'user' });
    return state.status;
  } catch (error) {
    if (error instanceof CommanderError && isHelpEnd(error)) return exitStatus.done;
    if (error instanceof Interrupted) return error.status;
    if (wantsJson(words, host.env)) state.flags = { ...state.flags, json: true };
    return reportError(error, host, state);
  }
}
