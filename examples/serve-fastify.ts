/** Serves the repositories of a folder below `/git/` of a Fastify server, and metrics beside it. */
import fastify, { type FastifyInstance } from 'fastify';
import { createGitHandler, ServerMetrics } from 'git-mirror/server';

/** A Fastify server that is ready to listen. Closing it ends all that it runs. */
export function buildServer(root: string): FastifyInstance {
  const metrics = new ServerMetrics();
  const handler = createGitHandler({ root, exportAll: true, basePath: '/git', watchers: [metrics] });
  const app = fastify();
  // Fastify must leave the bodies of Git requests alone: they are streams, and some are compressed.
  app.register(async (git) => {
    git.removeAllContentTypeParsers();
    git.addContentTypeParser('*', (_request, _payload, done) => {
      done(null);
    });
    git.all('/git/*', (request, reply) => {
      reply.hijack();
      handler(request.raw, reply.raw);
    });
  });
  app.get('/metrics', async (_request, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  app.addHook('onReady', () => handler.ready);
  app.addHook('onClose', () => handler.close());
  return app;
}
