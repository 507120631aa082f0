import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackendName } from '../servers/backends.ts';
import { startServer, type RecordedExchange } from '../servers/git-server.ts';
import type { ServingSide } from './observe.ts';

/** How long an answer may still be on its way after the client has ended. */
const settleMs = 10_000;

/** Options of {@link openSide}. */
export interface SideOptions {
  readonly backend: BackendName;
  /** A folder of this side alone. */
  readonly root: string;
  /** The git behind the git backend. */
  readonly gitProgram?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Starts a server with one backend that remembers what it answered. */
export async function openSide({
  backend,
  root,
  gitProgram,
  namespace,
}: SideOptions): Promise<ServingSide & AsyncDisposable> {
  const served = join(root, 'served');
  await mkdir(served, { recursive: true });
  let exchanges: RecordedExchange[] = [];
  let runs = 0;
  const server = await startServer({
    backend,
    root: served,
    gitProgram,
    namespace,
    onExchange: (exchange) => exchanges.push(exchange),
  });
  return {
    backend,
    server,
    root: served,
    async takeExchanges() {
      const deadline = Date.now() + settleMs;
      while (server.open() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
      const taken = exchanges;
      exchanges = [];
      return taken;
    },
    nextRun() {
      runs += 1;
      return `run-${runs}`;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
