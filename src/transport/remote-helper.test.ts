import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installScript } from '../../test/servers/helper-script.ts';
import {
  createEmptyRepository,
  createSampleRepository,
  listRefs,
  type SampleRepository,
} from '../../test/servers/sample-repository.ts';
import { startHttpBackend, type HttpBackend } from '../../test/servers/http-backend.ts';
import { connectOptions, lsRefsV2, MessageSource, pushRef } from '../../test/servers/service-exercise.ts';
import { streamOf } from '../core/byte-stream.ts';
import { PacketWriter } from '../wire/pkt-line.ts';
import type { ConnectOptions, ProtocolVersion } from './connect-options.ts';
import { displayUrl } from './display-url.ts';
import { parseEndpoint } from './parse-endpoint.ts';
import { connectHelper } from './remote-helper.ts';
import type { GitService, ServiceConnection } from './service-connection.ts';

let folder: string;
let sample: SampleRepository;
let http: HttpBackend;
/** What the server does with requests instead of answering them. */
let trouble: 'none' | 'unavailable' | 'silent' = 'none';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-helper-'));
  sample = await createSampleRepository(join(folder, 'sample.git'));
  http = await startHttpBackend({
    root: folder,
    middleware(_request, response) {
      if (trouble === 'unavailable') response.writeHead(503).end();
      return trouble !== 'none';
    },
  });
});

afterAll(async () => {
  await http.close();
  await rm(folder, { recursive: true, force: true });
});

function open(
  url: string,
  service: GitService,
  protocol: ProtocolVersion,
  extra: Partial<ConnectOptions> = {},
): Promise<ServiceConnection> {
  const endpoint = parseEndpoint(url);
  if (endpoint.transport !== 'helper') throw new Error('no helper');
  return connectHelper(endpoint, url, displayUrl(url), connectOptions(service, protocol, extra));
}

const sampleLines = (): string[] => sample.refs.map(({ name, oid }) => `${oid} ${name}`).toSorted();

describe('git-remote-http, which connects stateless', () => {
  it('lists refs, again and again', async () => {
    const counts = { requests: 0 };
    const meter = { request: () => (counts.requests += 1), sent: () => undefined, received: () => undefined };
    const connection = await open(`http::${http.url}/sample.git`, 'git-upload-pack', 2, { meter });
    expect(connection.mode).toBe('stateless');
    const { capabilities, refs } = await lsRefsV2(connection);
    expect(capabilities[0]).toBe('version 2');
    expect(refs.toSorted()).toEqual(sampleLines());
    const body = new PacketWriter().line('command=ls-refs').delim().line('ref-prefix refs/tags/').flush().finish();
    // This one is left unread, and is in nobody's way.
    const left = await connection.request(streamOf(body));
    await left.next();
    await left.return?.();
    const again = await connection.request(streamOf(body.subarray(0, 7), body.subarray(7)));
    expect(await new MessageSource(again).readMessage()).toHaveLength(1);
    expect(await again.next()).toEqual({ done: true, value: undefined });
    expect(counts.requests).toBe(4);
    await connection.close();
  });

  it('fetches a pack', async () => {
    const connection = await open(`http::${http.url}/sample.git`, 'git-upload-pack', 2);
    await new MessageSource(connection.advertisement).readMessage();
    const writer = new PacketWriter().line('command=fetch').delim().line('no-progress');
    for (const { oid } of sample.refs) writer.line(`want ${oid}`);
    const answer = await connection.request(writer.line('done').flush().finish());
    const lines = await new MessageSource(answer).readMessage();
    expect(lines[0]).toBe('packfile');
    expect(lines.join('')).toContain('PACK');
    await connection.close();
  });

  it('says what went wrong in the middle', async () => {
    const connection = await open(`http::${http.url}/sample.git`, 'git-upload-pack', 2);
    await new MessageSource(connection.advertisement).readMessage();
    trouble = 'unavailable';
    try {
      const answer = await connection.request(new PacketWriter().line('command=ls-refs').flush().finish());
      await expect(answer.next()).rejects.toMatchObject({ code: 'GM_REMOTE', message: /HTTP 503/ });
    } finally {
      trouble = 'none';
      await connection.close();
    }
  });

  it('says when there is no such repository', async () => {
    await expect(open(`http::${http.url}/absent.git`, 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
      message: /git-remote-http said: .*not found/,
    });
  });

  it('cannot push or speak older versions this way', async () => {
    for (const [service, protocol] of [['git-receive-pack', 0] as const, ['git-upload-pack', 1] as const]) {
      await expect(open(`http::${http.url}/sample.git`, service, protocol)).rejects.toMatchObject({
        code: 'GM_PROTOCOL',
        message: /only for fetches in protocol version 2/,
      });
    }
  });

  it('ends on abort', async () => {
    const controller = new AbortController();
    const connection = await open(`http::${http.url}/sample.git`, 'git-upload-pack', 2, { signal: controller.signal });
    await lsRefsV2(connection);
    const reason = new Error('enough');
    trouble = 'silent';
    try {
      const answer = await connection.request(new PacketWriter().line('command=ls-refs').flush().finish());
      const next = answer.next();
      controller.abort(reason);
      await expect(next).rejects.toBe(reason);
    } finally {
      trouble = 'none';
      await connection.close();
    }
  });
});

describe('git-remote-ext, which connects', () => {
  it.each([0, 1, 2] as const)('lists refs in protocol version %i', async (protocol) => {
    const connection = await open(`ext::git %s ${sample.path}`, 'git-upload-pack', protocol);
    expect(connection.mode).toBe('stateful');
    const [first] = await new MessageSource(connection.advertisement).readMessage();
    expect(first).toMatch(protocol === 0 ? /^[0-9a-f]{40} HEAD\0/ : `version ${String(protocol)}`);
    await connection.close();
  });

  it('pushes', async () => {
    const target = join(folder, 'target.git');
    await createEmptyRepository(target);
    const [ref] = sample.refs;
    if (ref === undefined) throw new Error('no ref');
    const connection = await open(`ext::git %s ${target}`, 'git-receive-pack', 2);
    expect(await pushRef(connection, sample.path, ref.name, ref.oid)).toEqual(['unpack ok', `ok ${ref.name}`]);
    await connection.close();
    expect(await listRefs(target)).toEqual([ref]);
  });

  it('says what the command said when it fails', async () => {
    await expect(open(`ext::git %s ${folder}/absent`, 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
      message: /does not appear to be a git repository/,
    });
  });
});

describe('a helper of the user', () => {
  /** A helper that lists `capabilities` and answers a command by what `replies` says. */
  async function install(name: string, capabilities: readonly string[], rest = ''): Promise<{ PATH: string }> {
    const { PATH } = await installScript(
      join(folder, 'bin'),
      `git-remote-${name}`,
      `const lines = require('node:readline').createInterface({ input: process.stdin });
       lines.on('line', (line) => {
         if (line === 'capabilities') process.stdout.write(${JSON.stringify([...capabilities, '', ''].join('\n'))});
         ${rest}
       });`,
    );
    return { PATH };
  }

  it('gets the URL twice, as from git, and a scheme of its own', async () => {
    const env = await install(
      'gmargs',
      ['connect', 'option'],
      `if (line === 'connect git-upload-pack') {
        const t = 'ERR ' + JSON.stringify(process.argv.slice(2)) + ' ' + process.env.GIT_PROTOCOL + ' ' + process.env.GIT_DIR;
        process.stdout.write('\\n' + (t.length + 4).toString(16).padStart(4, '0') + t);
      }`,
    );
    const said = async (url: string): Promise<string> => {
      const failure: unknown = await open(url, 'git-upload-pack', 2, { env: { ...env, GIT_DIR: '/x' } }).catch(
        (error: unknown) => error,
      );
      return failure instanceof Error ? failure.message : '';
    };
    expect(await said('gmargs::some where')).toContain('["gmargs::some where","some where"] version=2 undefined');
    expect(await said('gmargs://host/x')).toContain('["gmargs://host/x","gmargs://host/x"]');
  });

  it('may only fetch and push: relay is impossible', async () => {
    const env = await install('gmfetch', ['fetch', 'push', 'option']);
    await expect(open('gmfetch::x', 'git-upload-pack', 2, { env })).rejects.toMatchObject({
      code: 'GM_PROTOCOL',
      message: /git-remote-gmfetch .*relay through it is impossible/,
    });
  });

  it('may refuse to connect', async () => {
    const env = await install(
      'gmfallback',
      ['connect', 'fetch'],
      "if (line.startsWith('connect')) console.log('fallback');",
    );
    await expect(open('gmfallback::x', 'git-upload-pack', 2, { env })).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
  });

  it('may insist on what only git has', async () => {
    const env = await install('gmmandatory', ['*signed-unicorns', 'connect']);
    await expect(open('gmmandatory::x', 'git-upload-pack', 2, { env })).rejects.toMatchObject({
      code: 'GM_PROTOCOL',
      message: /signed-unicorns/,
    });
  });

  it('may die, write without end, or hang', async () => {
    const dying = await install('gmdying', [], "console.error('fatal: no'); process.exit(3);");
    await expect(open('gmdying::x', 'git-upload-pack', 2, { env: dying })).rejects.toMatchObject({
      code: 'GM_PROTOCOL',
    });
    const early = await installScript(
      join(folder, 'bin'),
      'git-remote-gmearly',
      "console.error('fatal: no'); process.exit(3);",
    );
    await expect(open('gmearly::x', 'git-upload-pack', 2, { env: { PATH: early.PATH } })).rejects.toMatchObject({
      code: 'GM_REMOTE',
      message: /status 3.*said: fatal: no/,
    });
    const endless = await install('gmendless', ['x'.repeat(20_000)]);
    await expect(open('gmendless::x', 'git-upload-pack', 2, { env: endless })).rejects.toMatchObject({
      code: 'GM_LIMIT',
    });
    const { PATH } = await installScript(join(folder, 'bin'), 'git-remote-gmhang', 'setTimeout(() => {}, 60000);');
    await expect(open('gmhang::x', 'git-upload-pack', 2, { env: { PATH }, idleTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'GM_TIMEOUT',
    });
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort(reason);
    }, 100);
    await expect(open('gmhang::x', 'git-upload-pack', 2, { env: { PATH }, signal: controller.signal })).rejects.toBe(
      reason,
    );
  });

  it('may be missing', async () => {
    await expect(open('gmabsent::x', 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_SYSTEM',
      message: /git-remote-gmabsent is not installed/,
    });
  });
});
