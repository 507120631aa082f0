/** Serves every repository of a folder with `node:http` alone. */
import { createServer, type Server } from 'node:http';
import { createGitHandler } from 'git-mirror/server';

/** Listens on `port` of this machine (0: any free one). `close` ends the server and all that it runs. */
export async function serve(root: string, port: number): Promise<{ server: Server; close: () => Promise<void> }> {
  const handler = createGitHandler({
    root,
    exportAll: true,
    onRequest: ({ method, repository, path, status, durationMs }) => {
      console.log(`${method} ${repository ?? '-'} ${path ?? '-'}: ${status} in ${durationMs.toFixed(0)} ms`);
    },
  });
  await handler.ready;
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    server,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await handler.close();
    },
  };
}
