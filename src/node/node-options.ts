import type { Client } from '../sync/client.ts';
import type { TellOrigin } from './announcer.ts';
import type { Logger } from './logger.ts';
import type { ServingOptions } from './node-server.ts';

/** What a node mirrors, where it keeps it and how it serves it. */
export interface NodeOptions extends ServingOptions {
  /** URLs and paths of the repositories to mirror; relative paths are relative to `workingDir`. Empty: all the data folder knows. */
  readonly repositories: readonly string[];
  /** Folder for the copies and the state. Made when missing; only one node at a time uses it. */
  readonly dataDir: string;
  /** Default: the current directory of the process. */
  readonly workingDir?: string | undefined;
  /** Time from the end of one sync of a repository to the start of the next, give or take a tenth. Default 60 s. */
  readonly intervalMs?: number | undefined;
  /** Sync every repository once and end; nothing is served. Default false. */
  readonly once?: boolean | undefined;
  /** Set `mirror.advertise` in each copy, so that clients are told of its mirrors. Default: leave it as it is. */
  readonly advertiseMirrors?: boolean | undefined;
  /** Tells an upstream of its copy here, which is then at `mirrors.publicUrl`. Default: nobody is told. */
  readonly tellOrigin?: TellOrigin | undefined;
  readonly client: Client;
  readonly logger?: Logger | undefined;
  /** Ends the node as {@link RunningNode.close} does. */
  readonly signal?: AbortSignal | undefined;
}

/** A repository of a node. */
export interface NodeRepository {
  /** Name in URLs: `project.git`. */
  readonly name: string;
  /** Where it comes from, credentials removed. */
  readonly upstream: string;
  /** What to give to `git clone`; empty when nothing is served. */
  readonly cloneUrl: string;
}

/** How the first sync of each repository ended. */
export interface FirstSyncs {
  readonly succeeded: number;
  readonly failed: number;
}

/** A node at work. */
export interface RunningNode {
  /** Base URL, with a slash at the end; empty when nothing is served. */
  readonly url: string;
  /** The repositories of this run that are kept fresh. */
  readonly repositories: readonly NodeRepository[];
  /** Resolves when every repository of this run has been synced once, or has failed once. */
  readonly firstSyncs: Promise<FirstSyncs>;
  /** Resolves when the node has ended; never rejects. */
  readonly closed: Promise<void>;
  /** Stops accepting requests, lets what is running finish for some seconds, then ends it. Safe to call twice. */
  close(): Promise<void>;
}
