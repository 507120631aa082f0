import type { ObjectFormat } from '../../src/core/object-id.ts';
import type { Repository } from '../repositories/repository.ts';
import type { ClientRunOptions, ClientStep } from './client-git.ts';

/** What the client of a scenario has in its hands. */
export interface ScenarioScene {
  readonly format: ObjectFormat;
  readonly protocol: number;
  /** URL of the server's repository `name`, `repo` by default. */
  url(name?: string): string;
  /** The server's repository, to be changed between two commands of the client. */
  served(name?: string): Repository;
  /** Runs the client's git in its folder. A failure is a result like any other. */
  git(words: readonly string[], options?: ClientRunOptions): Promise<ClientStep>;
  /** Runs it in the client's repository `work`. */
  work(words: readonly string[], options?: ClientRunOptions): Promise<ClientStep>;
  /** Sends a request that no git sends. The answer is recorded as every other. */
  post(packets: readonly (string | number)[], options?: RawRequestOptions): Promise<void>;
  /** Writes a file in the client's folder. */
  write(path: string, text: string): Promise<void>;
}

/** Options of {@link ScenarioScene.post}. */
export interface RawRequestOptions {
  readonly name?: string;
  /** `Git-Protocol` header. Default `version=2`. */
  readonly gitProtocol?: string;
}

/** Something a client does with a server, and what the two must agree on whoever serves. */
export interface Scenario {
  /** Group and name: `fetch/deepen`. */
  readonly name: string;
  /** Makes the server's repositories below `root`. Called once for each format; every run gets a copy. */
  readonly prepare: (root: string, format: ObjectFormat) => Promise<void>;
  readonly run: (scene: ScenarioScene) => Promise<void>;
  /** Protocols it is for. Default: 0, 1 and 2. */
  readonly protocols?: readonly number[] | undefined;
  readonly formats?: readonly ObjectFormat[] | undefined;
  /** Oldest family of git that has what the client does here. */
  readonly since?: string | undefined;
  /** `raw`: requests of no git at all; one client does for all. */
  readonly client?: 'git' | 'raw' | undefined;
  /** Newest family of git that ours does as here, where that is not the newest of all. docs/parity.md says why. */
  readonly imitates?: string | undefined;
  /** Namespace (gitnamespaces(7)) in which the server shows its repositories. */
  readonly namespace?: string | undefined;
}
