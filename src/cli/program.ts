import type { Command } from 'commander';
import { buildCommandTree, type Dispatch } from './build-program.ts';
import { addCommand } from './commands/add.ts';
import { benchCommand } from './commands/bench.ts';
import { bootstrapCommand } from './commands/bootstrap.ts';
import { cleanCommand } from './commands/clean.ts';
import type { CommandSpec } from './commands/command-spec.ts';
import { cloneCommand } from './commands/clone.ts';
import { completionCommand } from './commands/completion.ts';
import { fetchCommand } from './commands/fetch.ts';
import { listCommand } from './commands/list.ts';
import { notifyCommand } from './commands/notify.ts';
import { planCommand } from './commands/plan.ts';
import { preferCommand } from './commands/prefer.ts';
import { probeCommand } from './commands/probe.ts';
import { rankCommand } from './commands/rank.ts';
import { removeCommand } from './commands/remove.ts';
import { replicateCommand } from './commands/replicate.ts';
import { serveCommand } from './commands/serve.ts';
import { signCommand } from './commands/sign.ts';
import { syncCommand } from './commands/sync.ts';
import { upCommand } from './commands/up.ts';
import { verifyCommand } from './commands/verify.ts';

/** Every command, in the order of the help. */
export const commandSpecs: readonly CommandSpec[] = [
  cloneCommand,
  fetchCommand,
  listCommand,
  addCommand,
  removeCommand,
  preferCommand,
  cleanCommand,
  probeCommand,
  planCommand,
  syncCommand,
  replicateCommand,
  bootstrapCommand,
  benchCommand,
  serveCommand,
  upCommand,
  notifyCommand,
  rankCommand,
  signCommand,
  verifyCommand,
  completionCommand,
];

/** The tree of all commands: see {@link buildCommandTree}. */
export function buildProgram(dispatch: Dispatch): Command {
  return buildCommandTree(commandSpecs, dispatch);
}
