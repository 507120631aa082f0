import type { Command } from 'commander';
import { buildCommandTree, type Dispatch } from './build-program.ts';
import { benchCommand } from './commands/bench.ts';
import { bootstrapCommand } from './commands/bootstrap.ts';
import type { CommandSpec } from './commands/command-spec.ts';
import { completionCommand } from './commands/completion.ts';
import { fetchCommand } from './commands/fetch.ts';
import { notifyCommand } from './commands/notify.ts';
import { planCommand } from './commands/plan.ts';
import { probeCommand } from './commands/probe.ts';
import { rankCommand } from './commands/rank.ts';
import { replicateCommand } from './commands/replicate.ts';
import { serveCommand } from './commands/serve.ts';
import { signCommand } from './commands/sign.ts';
import { syncCommand } from './commands/sync.ts';
import { upCommand } from './commands/up.ts';
import { verifyCommand } from './commands/verify.ts';

/** Every command, in the order of the help. */
export const commandSpecs: readonly CommandSpec[] = [
  fetchCommand,
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
