// A server of startServer in a process of its own, so that its memory can be watched; until its channel closes.
import { startServer, type GitServerOptions } from './git-server.ts';

process.once('message', (options) => {
  void startServer(options as GitServerOptions).then((server) => {
    process.send?.(server.port);
    process.once('disconnect', () => {
      void server.close().finally(() => process.exit(0));
    });
  });
});
