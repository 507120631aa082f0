import { openProcessHost } from './process-host.ts';
import { run } from './run.ts';

/** Waits until what was written has left the process, or cannot any more. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve();
    else
      stream.write('', () => {
        resolve();
      });
  });
}

const status = await run(process.argv.slice(2), openProcessHost());
await Promise.all([flush(process.stdout), flush(process.stderr)]);
// Connections that servers keep open must not hold the process up.
process.exit(status === 0 ? process.exitCode : status);
