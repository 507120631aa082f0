import { runRemoteHelper } from '../mirror/remote-helper/run-remote-helper.ts';

// The main file of git-remote-mirror(1): loads no more than that needs.
const status = await runRemoteHelper({
  args: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onSignal: (listener) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, listener);
  },
});
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writable) await new Promise((resolve) => stream.write('', resolve));
}
// Git waits for the end of this process, and with its end of the pipe open.
process.exit(status);
