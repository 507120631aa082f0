import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';

/** Answers `GET /metrics` with what `registry` holds in Prometheus's text format, and everything else with 404. */
export function createMetricsHandler(registry: Registry): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void answer(registry, request, response);
  };
}

async function answer(registry: Registry, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  const path = request.url?.replace(/\?.*$/s, '');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (path !== '/metrics' || !isRead) {
    const status = path === '/metrics' ? 405 : 404;
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end('See /metrics.\n');
    return;
  }
  try {
    const text = await registry.metrics();
    response.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' });
    response.end(request.method === 'HEAD' ? '' : text);
  } catch {
    response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' }).end('The metrics could not be read.\n');
  }
}
