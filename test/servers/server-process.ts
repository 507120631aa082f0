import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const startTimeoutMs = 20_000;
const stopTimeoutMs = 5000;

/** A server program that a test has started. */
export interface ServerProcess {
  readonly port: number;
  /** What it has written to standard error so far. */
  log(): string;
  /** Ends it and all it started. */
  stop(): Promise<void>;
}

/**
 * Starts a server that is told its port on its command line, and resolves when it accepts connections on 127.0.0.1.
 * Another process may take the free port first, so that is tried a few times.
 */
export async function startServerProcess(
  command: string,
  argsFor: (port: number) => readonly string[] | Promise<readonly string[]>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = spawn(command, await argsFor(port), { env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8');
    });
    child.on('error', (error) => {
      log += error.message;
    });
    if (await accepts(port, child)) return { port, log: () => log, stop: () => stopGroup(child) };
    await stopGroup(child);
    if (attempt === 3) throw new Error(`${command} did not start: ${log}`);
  }
}

/** A TCP port of 127.0.0.1 that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function accepts(port: number, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline && !hasEnded(child)) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => {
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
      socket.once('close', () => {
        resolve(false);
      });
      setTimeout(() => socket.destroy(), 500).unref();
      socket.once('connect', () => socket.destroy());
    });
    if (connected) return !hasEnded(child);
    await delay(20);
  }
  return false;
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const ended = new Promise<void>((resolve) => {
    if (hasEnded(child)) resolve();
    child.once('exit', () => {
      resolve();
    });
  });
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(-pid, signal);
    } catch {
      return; // The whole group has gone.
    }
    await Promise.race([ended, delay(stopTimeoutMs, undefined, { ref: false })]);
  }
}
