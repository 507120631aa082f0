import type { Command } from 'commander';
import type { MirrorFlags } from '../mirror/choose/choose-mirrors.ts';
import type { NotifyFlags } from './flags/notify-flags.ts';
import type { NodeFlags } from './flags/node-flags.ts';
import type { MirrorListFlags } from './flags/mirror-list-flags.ts';
import type { BackendFlags, LimitFlags, ServeFlags } from './flags/serve-flags.ts';
import type { DryRunFlags } from './flags/policy-flags.ts';
import type { OutputFlags } from './flags/output-flags.ts';
import type { RankFlags } from './flags/rank-flags.ts';
import type { StateFlags } from './flags/state-flags.ts';
import type { Host } from './host.ts';
import type { ProbeFlags, ReplicationFlags } from './replication-request.ts';

/** The flags of every command; a command sees those of its own groups. */
export type CommandFlags = OutputFlags &
  DryRunFlags &
  ProbeFlags &
  ReplicationFlags &
  NodeFlags &
  NotifyFlags &
  ServeFlags &
  BackendFlags &
  LimitFlags &
  RankFlags &
  StateFlags &
  MirrorFlags &
  MirrorListFlags;

/** A command that was parsed and is to be carried out. */
export interface Invocation {
  readonly host: Host;
  readonly commandName: string;
  /** Positional arguments, in order, none of a list nested. */
  readonly operands: readonly string[];
  /** Values of all flags by the names of commander (`--dry-run` is `dryRun`); those of unset flags are absent. */
  readonly flags: CommandFlags;
  /** Whether a flag stood on the command line, came from the environment, or is not set. */
  sourceOf(name: string): 'cli' | 'env' | undefined;
  /**
   * Ends when the user asks the program to stop. Signals keep their usual meaning for commands that never look at it.
   */
  readonly signal: AbortSignal;
  /** Keeps `secrets` out of whatever is written from now on, error messages included. */
  keepSecret(secrets: readonly string[]): void;
  /** The tree of commands: all of them, for completion. */
  readonly root: Command;
}
