// Serves a folder of repositories with one backend, in a process of its own, until its channel closes:
// fork serve-child.ts <backend> <root> <cache bytes>
import { createServer } from 'node:http';
import { createGitHandler } from '../src/server/create-handler.ts';

const [backend, root, cacheBytes] = process.argv.slice(2);
if (root === undefined || (backend !== 'git' && backend !== 'native') || process.send === undefined) {
  throw new Error('usage: fork serve-child.ts git|native <root> <cache bytes>');
}
const handler = createGitHandler({
  root,
  exportAll: true,
  backend,
  limits: { maxConcurrentRequests: 256 },
  ...(cacheBytes === undefined || cacheBytes === '' ? {} : { cacheBytes: Number(cacheBytes) }),
});
await handler.ready;
const server = createServer(handler);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
process.on('disconnect', () => {
  server.close(() => {
    void handler.close().finally(() => process.exit(0));
  });
  server.closeAllConnections();
});
