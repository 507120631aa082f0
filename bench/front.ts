// Serves the repositories below a folder through `git http-backend`, in a process of its own, until its channel closes.
import { startHttpBackend } from '../test/servers/http-backend.ts';

const [root] = process.argv.slice(2);
if (root === undefined || process.send === undefined) throw new Error('usage: fork front.ts <root>');
const front = await startHttpBackend({ root });
process.on('disconnect', () => {
  void front.close();
});
process.send(front.url);
