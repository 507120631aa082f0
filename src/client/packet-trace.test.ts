import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { createClient } from '../sync/create-client.ts';
import { PacketTrace } from './packet-trace.ts';

function trace(payload: Uint8Array | string): string {
  const lines: string[] = [];
  new PacketTrace((line) => lines.push(line), 'fetch').received({ type: 'data', payload: Buffer.from(payload) });
  return lines[0]?.replace(/^.*?< /, '') ?? '';
}

/** From `packet:` on, the agent left out: what comes before is the time and a place in git's source. */
function comparable(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(/^.*?packet:/, 'packet:').replace(/agent=[^ ]+/, 'agent='));
}

/** The packet trace of a git command. */
async function gitTrace(path: string, args: readonly string[]): Promise<readonly string[]> {
  const child = spawn('git', args, {
    cwd: path,
    env: { ...process.env, GIT_TRACE_PACKET: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const [status] = (await once(child, 'close')) as [number];
  expect(status).toBe(0);
  return text.split('\n').filter((line) => line.includes(' packet: '));
}

function of(identity: string, lines: readonly string[]): readonly string[] {
  return comparable(lines).filter((line) => new RegExp(`^packet: +${identity}[<>] `).test(line));
}

describe('PacketTrace', () => {
  test('a line: time with microseconds, who, direction, payload', () => {
    const lines: string[] = [];
    const packets = new PacketTrace((line) => lines.push(line), 'push');
    packets.sent({ type: 'data', payload: Buffer.from('command=fetch\n') });
    packets.sent({ type: 'delim' });
    packets.received({ type: 'response-end' });
    packets.received({ type: 'flush' });
    expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{6} /, 'TIME '))).toEqual([
      'TIME packet:         push> command=fetch',
      'TIME packet:         push> 0001',
      'TIME packet:         push< 0002',
      'TIME packet:         push< 0000',
    ]);
  });

  test('everything but printable ASCII is octal, byte by byte; line ends are left out', () => {
    expect(trace('a\0b\tc\x7f')).toBe('a\\0b\\11c\\177');
    expect(trace('é\n')).toBe('\\303\\251');
    expect(trace(Uint8Array.of(0xff, 0x0a, 0x41, 0x0a))).toBe('\\377A');
    expect(trace('PACK\0\0\0\u0002 and much more')).toBe('PACK ...');
    expect(trace('')).toBe('');
  });

  test.each([
    { version: 1, protocol: 'v1' },
    { version: 2, protocol: 'v2' },
  ] as const)('the lines of git fetch, protocol $version', async ({ version, protocol }) => {
    await using folder = await makeTemporaryFolder();
    const source = await makeRepository(join(folder.path, 'source.git'), { branches: 2, tags: 2 });
    const target = await Repository.init(join(folder.path, 'target.git'));
    const config = ['-c', `protocol.version=${String(version)}`];
    const expected = of(
      'fetch',
      await gitTrace(target.path, [...config, 'fetch', '-q', '--no-tags', source.path, 'refs/heads/*:refs/heads/*']),
    );
    const lines: string[] = [];
    const client = createClient({ tracePacket: (line) => lines.push(line) });
    const other = await Repository.init(join(folder.path, 'other.git'));
    await client.sync({ source: { url: source.path }, target: { url: other.path }, policy: { protocol } });
    const ours = of('fetch', lines);
    // The advertisement, to its flush, is the same line by line.
    const end = expected.indexOf('packet:        fetch< 0000') + 1;
    expect(end).toBeGreaterThan(3);
    expect(ours.slice(0, end)).toEqual(expected.slice(0, end));
    // What follows depends on the requests; those lines that both write are written the same way.
    const wants = (all: readonly string[]): readonly string[] =>
      all
        .filter((line) => line.includes('> want '))
        .map((line) => line.slice(0, 64))
        .sort();
    expect(wants(ours)).toEqual(wants(expected));
    expect(ours).toContain('packet:        fetch> done');
    expect(ours).toContain('packet:        fetch> 0000');
    if (version === 2) expect(ours).toContain('packet:        fetch> command=ls-refs');
  });

  test('the lines of git push: advertisement and commands', async () => {
    await using folder = await makeTemporaryFolder();
    const source = await makeRepository(join(folder.path, 'source.git'), { branches: 1 });
    const [first, second] = await Promise.all(
      ['first.git', 'second.git'].map(async (name) => makeRepository(join(folder.path, name), { seed: 2 })),
    );
    const refspec = 'refs/heads/topic-1:refs/heads/topic-1';
    const expected = of('push', await gitTrace(source.path, ['push', '-q', first?.path ?? '', refspec]));
    const lines: string[] = [];
    const client = createClient({ tracePacket: (line) => lines.push(line) });
    await client.sync({
      source: { url: source.path },
      target: { url: second?.path ?? '' },
      scope: { branches: ['topic-1'] },
    });
    const ours = of('push', lines);
    const end = expected.indexOf('packet:         push< 0000') + 1;
    expect(end).toBeGreaterThan(1);
    expect(ours.slice(0, end)).toEqual(expected.slice(0, end));
    const command = (all: readonly string[]): string | undefined =>
      all.find((line) => / push> [0-9a-f]/.test(line))?.replace(/\\0.*/, '');
    expect(command(ours)).toBe(command(expected));
    expect(command(ours)).toMatch(/push> 0{40} [0-9a-f]{40} refs\/heads\/topic-1$/);
    await runGit(['fsck', '--connectivity-only'], { cwd: second?.path });
  });
});
