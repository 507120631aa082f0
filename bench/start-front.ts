import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Repositories that are served over HTTP by another process. */
export interface Front {
  /** URL of the repository `name` below the root. */
  urlOf(name: string): string;
  close(): Promise<void>;
}

/** Serves the repositories below `root` on a loopback port, in a process whose memory and time are not ours. */
export async function startFront(root: string): Promise<Front> {
  const child = fork(fileURLToPath(new URL('front.ts', import.meta.url)), [root], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  const base = await new Promise<string>((resolve, reject) => {
    child.once('message', (url) => {
      resolve(url as string);
    });
    child.once('error', reject);
    void exited.then(() => {
      reject(new Error('the HTTP front ended before it was ready'));
    });
  });
  return {
    urlOf: (name) => `${base}/${name}`,
    async close() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
