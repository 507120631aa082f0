import type { ReplicationClient } from './replication-client.ts';
import type { Announcement, AnnouncementResult } from '../node/announce-repository.ts';
import type { ServeOptions } from '../node/run-serve.ts';
import type { UpOptions } from '../node/run-up.ts';
import type { Options } from '../sync/client.ts';

/** Where text goes, and what is known of who reads it. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal in columns. */
  readonly columns?: number | undefined;
}

/** A signal that asks the program to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Everything of the surrounding process that the command line touches. */
export interface Host {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** All of standard input as text; bounded. */
  readStandardInput(): Promise<string>;
  /** The library. Loaded on the first call: it is the larger part of the start-up time. */
  openClient(options: Options): Promise<ReplicationClient>;
  /** Runs a node until it ends; resolves to the exit status. Loaded on the call. */
  runUp(options: UpOptions): Promise<number>;
  /** Serves until it is told to stop; resolves to the exit status. Loaded on the call. */
  runServe(options: ServeOptions): Promise<number>;
  /** Tells an origin of a mirror. Loaded on the call. */
  announceRepository(announcement: Announcement): Promise<AnnouncementResult>;
  /** Calls `listener` for each signal until the returned function is called. */
  onStopSignal(listener: (signal: StopSignal) => void): () => void;
  /** Ends the process at once. */
  exitNow(status: number): void;
}
