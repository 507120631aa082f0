import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { ServerMetrics } from './metrics.ts';
import { createMetricsHandler } from './metrics-handler.ts';
import { resultOf, type RequestRecord } from './request-record.ts';

const record: RequestRecord = {
  method: 'POST',
  repository: 'a.git',
  path: 'git-upload-pack',
  service: undefined,
  status: 200,
  requestBytes: 100,
  responseBytes: 2000,
  startMs: 1000,
  durationMs: 1500,
  isAbandoned: false,
  backend: 'native',
  gitProtocol: 'version=2',
  facts: { command: 'fetch', filter: 'blob:none', objects: 30, deltas: 10, reused: 20, packBytes: 1900, cache: 'miss' },
  phases: [
    { phase: 'negotiate', startMs: 1000, endMs: 1100 },
    { phase: 'traverse', startMs: 1100, endMs: 1300 },
    { phase: 'traverse', startMs: 1400, endMs: 1700 },
    { phase: 'compress', startMs: 1700, endMs: 1750 },
    { phase: 'stream', startMs: 1750, endMs: 2500 },
  ],
};

async function lines(metrics: ServerMetrics): Promise<readonly string[]> {
  return (await metrics.registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== '');
}

async function after(...records: readonly RequestRecord[]): Promise<readonly string[]> {
  const metrics = new ServerMetrics({ processMetrics: false });
  for (const one of records) metrics.begin()(one);
  return lines(metrics);
}

describe('ServerMetrics', () => {
  test('a fetch is counted and timed, with all parts of a phase together', async () => {
    const all = await after(record);
    const labels = 'backend="native",filter="blob:none",result="ok"';
    for (const line of [
      'git_mirror_active_requests 0',
      'git_mirror_requests_total{backend="native",command="fetch",filter="blob:none",result="ok"} 1',
      'git_mirror_request_seconds_sum{backend="native",command="fetch",filter="blob:none",result="ok"} 1.5',
      `git_mirror_negotiation_seconds_sum{${labels}} 0.1`,
      `git_mirror_traversal_seconds_sum{${labels}} 0.5`,
      `git_mirror_traversal_seconds_count{${labels}} 1`,
      `git_mirror_compression_seconds_sum{${labels}} 0.05`,
      `git_mirror_stream_seconds_sum{${labels}} 0.75`,
      'git_mirror_bytes_total{backend="native",direction="received"} 100',
      'git_mirror_bytes_total{backend="native",direction="sent"} 2000',
      'git_mirror_pack_bytes_total{backend="native"} 1900',
      'git_mirror_objects_total{backend="native",kind="sent"} 30',
      'git_mirror_objects_total{backend="native",kind="reused"} 20',
      'git_mirror_pack_cache_total{outcome="miss"} 1',
    ]) {
      expect(all).toContain(line);
    }
  });

  test('fetches that were sent to a mirror, and those that were not (M10)', async () => {
    const metrics = new ServerMetrics({ processMetrics: false });
    for (const outcome of ['steered', 'stale', 'steered'] as const) metrics.steered(outcome);
    const all = await lines(metrics);
    expect(all).toContain('git_mirror_steering_total{outcome="steered"} 2');
    expect(all).toContain('git_mirror_steering_total{outcome="stale"} 1');
  });

  test('requests that are being answered', async () => {
    const metrics = new ServerMetrics({ processMetrics: false });
    const end = metrics.begin();
    expect(await lines(metrics)).toContain('git_mirror_active_requests 1');
    end(record);
    expect(await lines(metrics)).toContain('git_mirror_active_requests 0');
  });

  test.each([
    [{ status: 413 }, 'too-large'],
    [{ status: 429 }, 'client-busy'],
    [{ status: 503 }, 'busy'],
    [{ status: 404 }, 'not-found'],
    [{ status: 504 }, 'timeout'],
    [{ facts: { refusal: 'too many wants' } }, 'protocol'],
  ])('%j is a rejection', async (change, reason) => {
    expect(await after({ ...record, ...change })).toContain(`git_mirror_rejections_total{reason="${reason}"} 1`);
  });

  test('clients cannot make up labels', async () => {
    const text = (await after({ ...record, facts: { command: 'made-up', filter: 'made-up' } })).join('\n');
    expect(text).not.toContain('made-up');
    expect(text).toContain('command="upload-pack",filter="other"');
  });

  test.each([
    [{}, 'ok'],
    [{ status: 404 }, 'refused'],
    [{ status: 503 }, 'refused'],
    [{ status: 500 }, 'failed'],
    [{ error: 'disk gone' }, 'failed'],
    [{ isAbandoned: true, error: 'The client went away' }, 'abandoned'],
    [{ facts: { refusal: 'no' } }, 'refused'],
  ])('%j is %s', (change, result) => {
    expect(resultOf({ ...record, ...change })).toBe(result);
  });
});

describe('GET /metrics', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  test('answers in the form Prometheus reads, with what the process uses; nothing else is there', async () => {
    server = createServer(createMetricsHandler(new ServerMetrics().registry));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const base = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
    const answer = await fetch(`${base}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).toContain('# TYPE git_mirror_request_seconds histogram');
    expect((await fetch(`${base}/`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
  });
});

describe('the dashboard and the documentation', () => {
  const known = async (): Promise<ReadonlyMap<string, string>> => {
    const all = await new ServerMetrics().registry.getMetricsAsJSON();
    return new Map(all.map(({ name, type }) => [name, String(type)]));
  };

  interface Dashboard {
    readonly panels: readonly {
      readonly id: number;
      readonly type: string;
      readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
      readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
    }[];
    readonly templating: { readonly list: readonly { readonly name: string }[] };
  }

  const readDashboard = async (): Promise<Dashboard> =>
    JSON.parse(
      await readFile(new URL('../../ops/grafana/git-mirror-serve.json', import.meta.url), 'utf8'),
    ) as Dashboard;

  test('every panel asks for metrics and labels that exist', async () => {
    const { panels, templating } = await readDashboard();
    const metrics = await known();
    const variables = new Set(['__rate_interval', ...templating.list.map(({ name }) => name)]);
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(exprs.length).toBeGreaterThan(20);
    for (const expr of exprs) {
      const names = expr.match(/\b(?:git_mirror|process|nodejs)_[a-z0-9_]+/g) ?? [];
      expect(names, expr).not.toEqual([]);
      for (const name of names) {
        const base = metrics.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
        expect([...metrics.keys()], name).toContain(base);
        expect(metrics.get(base) === 'histogram', name).toBe(base !== name);
      }
      for (const [, variable] of expr.matchAll(/\$(\w+)/g)) expect(variables).toContain(variable);
      expect(expr.split('(').length).toBe(expr.split(')').length);
      expect(expr.split('{').length).toBe(expr.split('}').length);
    }
  });

  test('it shows p50, p95, the error rate and cache hits, by backend, and no panel lies over another', async () => {
    const { panels } = await readDashboard();
    const all = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n');
    for (const part of [
      'histogram_quantile(0.5,',
      'histogram_quantile(0.95,',
      'result="failed"',
      'outcome=~"hit|shared"',
    ]) {
      expect(all).toContain(part);
    }
    expect(all).toContain('by (le, backend)');
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  test('docs/metrics.md has every metric', async () => {
    const text = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const own = [...(await known()).keys()].filter((name) => name.startsWith('git_mirror_'));
    for (const name of own) expect(text).toContain(`\`${name}\``);
    const named = text.match(/\bgit_mirror_[a-z_]+/g) ?? [];
    for (const name of named) expect(own).toContain(name.replace(/_(?:bucket|sum|count)$/, ''));
  });
});
