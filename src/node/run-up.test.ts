import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSampleRepository } from '../../test/servers/sample-repository.ts';
import { createClient } from '../sync/create-client.ts';
import { runUp } from './run-up.ts';

let dir: string;
let dataDir: string;
let upstream: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-up-'));
  dataDir = join(dir, 'data');
  upstream = join(dir, 'app.git');
  await createSampleRepository(upstream);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('runUp', () => {
  const up = async (repositories: readonly string[], options: Partial<Parameters<typeof runUp>[0]> = {}) => {
    const lines: string[] = [];
    const status = await runUp({
      repositories,
      dataDir,
      listen: { port: 0 },
      client: createClient(),
      write: (line) => {
        lines.push(line);
      },
      ...options,
    });
    return { status, lines };
  };

  test('once: everything is brought up to date, nothing is served, and a failure shows in the status', async () => {
    const good = await up([upstream], { once: true });
    expect(good.status).toBe(0);
    expect(good.lines).toHaveLength(1);
    expect(good.lines[0]).toMatch(/^\d\d:\d\d:\d\d app\.git: 3 created, \d+ B, \d+\.\d\d s\n$/);
    const bad = await up([upstream, join(dir, 'missing')], { once: true, json: true });
    expect(bad.status).toBe(1);
    const events = bad.lines.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events.sort()).toEqual(['sync-failed', 'synced']);
    expect((await up([upstream], { once: true, quiet: true })).lines).toEqual([]);
  });

  test('it runs until it is asked to stop, which is no failure', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const running = up([upstream], {
      signal: stop.signal,
      write: (line) => {
        lines.push(line);
        if (line.includes('3 created')) stop.abort(new Error('enough'));
      },
    });
    expect((await running).status).toBe(0);
    expect(lines.some((line) => /git clone http:\/\/127\.0\.0\.1:\d+\/app\.git\n$/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/Stopped\.\n$/);
    expect((await up([upstream], { signal: stop.signal })).status).toBe(0);
  });
});
