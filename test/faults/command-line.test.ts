import { createServer, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startFaultyServer } from '../servers/faulty.ts';
import { runCommand } from './command-line.ts';
import { expectUnharmed, openScene, sharedScene, watchTemporaryFiles, withServer } from './scene.ts';
import { band, flush, packet, packSection, resultHeaders, startScriptedSource } from './scripted-source.ts';

watchTemporaryFiles();

describe('flags that contradict each other or the command', () => {
  const scene = sharedScene();

  test.each([
    ['sync', '--force-blind --force-with-lease', ['--force-blind', 'forceWithLease']],
    ['sync', '--all-refs --branch main', ['--all-refs', 'branches']],
    ['sync', '--atomic --target-max-ref-updates 2', ['--atomic', 'targetMaxRefUpdates']],
    ['replicate', '--force', ['--force-with-lease', 'replicate']],
    ['plan', '--mode replicate --force', ['--force-with-lease', 'replicate']],
    ['sync', '--max-pack-bytes lots', ['--max-pack-bytes', 'lots']],
    ['sync', '--protocol v9', ['--protocol', 'v9']],
  ] as const)('%s %s', async (command, flags, says) => {
    const stage = scene();
    const before = await stage.target.refs();
    const { status, stdout, stderr } = await runCommand([
      command,
      ...flags.split(' '),
      stage.sourceUrl,
      stage.targetUrl,
    ]);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^git-mirror: [^\n]*\(GM_USAGE\)\n$/);
    for (const part of says) expect(stderr).toContain(part);
    expect(status).toBe(2);
    expect(await stage.target.refs()).toEqual(before);
    expect(stage.backend.requests).toEqual([]);
  });

  test('a source that is the target, by a link and with a slash', async () => {
    const stage = scene();
    const link = join(stage.folder, 'link.git');
    await symlink(stage.target.path, link);
    for (const url of [`${stage.target.path}/`, link, `${link}/`]) {
      const { status, stderr } = await runCommand(['replicate', '--prune', url, stage.target.path]);
      expect(stderr).toMatch(/^git-mirror: <target> is the same repository as the source\. \(GM_USAGE\)\n$/);
      expect(status).toBe(2);
    }
  });
});

test('without credentials a 401 ends a run at once, with a sentence that says what to set', async () => {
  await using stage = await openScene();
  const server = startFaultyServer((exchange) => {
    exchange.answer(401, { 'WWW-Authenticate': 'Basic realm="members"' });
  });
  await withServer(server, async ({ url, requests }) => {
    for (const [words, variable] of [
      [[`${url}/x.git`, stage.targetUrl], 'GIT_MIRROR_SOURCE_TOKEN'],
      [[stage.sourceUrl, `${url}/x.git`], 'GIT_MIRROR_TARGET_TOKEN'],
    ] as const) {
      const started = performance.now();
      const { status, stderr } = await runCommand(['sync', ...words]);
      expect(stderr).toMatch(/^git-mirror: http:[^\n]* asks for credentials and there are none; [^\n]*\(GM_AUTH\)\n$/);
      expect(stderr).toContain(variable);
      expect(status).toBe(1);
      expect(performance.now() - started).toBeLessThan(5000);
    }
    expect(requests).toHaveLength(2);
  });
});

describe('a password in a URL is never shown', () => {
  const secret = 'pass%3Aword-42-qwertz';
  const forms = [
    secret,
    decodeURIComponent(secret),
    Buffer.from(`me:${decodeURIComponent(secret)}`).toString('base64'),
  ];
  const within = (url: string): string => url.replace('//', `//me:${secret}@`);

  function expectNoSecret(text: string): void {
    for (const form of forms) expect(text).not.toContain(form);
  }

  test('by a run that succeeds, however much is asked to be shown', async () => {
    await using stage = await openScene();
    const ends = [within(stage.sourceUrl), within(stage.targetUrl)];
    const env = { GIT_MIRROR_TRACE_PACKET: '2' };
    const shown = ['--verbose', '--progress', '--stats', '--measure-memory'];
    for (const words of [['probe'], ['sync'], ['plan', '--json']]) {
      const flags = words.includes('probe') ? shown.filter((flag) => flag !== '--progress') : shown;
      const { status, stdout, stderr } = await runCommand([...words, ...flags, ...ends], { env });
      expect(stderr).not.toContain('(GM_');
      expect(status).toBe(0);
      expectNoSecret(stdout + stderr);
      expect(stdout).toContain(stage.sourceUrl);
    }
    // It did go where it belongs.
    expect(stage.backend.requests.map(({ headers }) => headers['authorization'])).toContain(`Basic ${forms[2] ?? ''}`);
  });

  test('by one that fails, nor one that the server repeats', async () => {
    await using stage = await openScene();
    const server = startFaultyServer((exchange) => {
      const { headers } = exchange;
      const known = Buffer.from((headers['authorization'] ?? '').replace('Basic ', ''), 'base64').toString();
      exchange.answer(500, { 'Content-Type': 'text/plain' }, `cannot serve ${known} (http://${known}@127.0.0.1/)\n`);
    });
    await withServer(server, async ({ url }) => {
      for (const ends of [
        [within(`${url}/x.git`), stage.targetUrl],
        [stage.sourceUrl, within(`${url}/x.git`)],
        [within(`${url}/x.git`).replace('http:', 'gopher:'), stage.targetUrl],
        [within('http://127.0.0.1:1/x.git'), stage.targetUrl],
      ]) {
        for (const flags of [['--verbose'], ['--verbose', '--json']]) {
          const { status, stdout, stderr } = await runCommand(['sync', ...flags, ...ends]);
          expect(status).not.toBe(0);
          expect(stdout + stderr).toContain('GM_');
          expectNoSecret(stdout + stderr);
        }
      }
    });
  });
});

describe('control characters of the other side are made harmless', () => {
  const nasty = '\u001b]0;owned\u0007\u001b[31mred\u001b[0m\u0008\u009b2J\u202egnp.exe\r\n';
  const harmful = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

  test.each([
    ['an HTTP error', 'advertise'],
    ['an ERR packet', 'list'],
    ['band 3', 'band'],
  ] as const)('in %s', async (_what, where) => {
    await using stage = await openScene();
    const before = await stage.target.refs();
    const source = startScriptedSource(stage.source, {
      ...(where === 'advertise' && {
        advertise: (exchange) => {
          exchange.answer(500, { 'Content-Type': 'text/plain' }, nasty);
        },
      }),
      ...(where === 'list' && {
        list: (exchange) => {
          exchange.answer(200, resultHeaders, packet(`ERR ${nasty}`));
        },
      }),
      fetch: (exchange) => {
        const packets = [band(2, Buffer.from(nasty)), band(3, Buffer.from(nasty)), flush];
        exchange.answer(200, resultHeaders, Buffer.concat([packSection, ...packets]));
      },
    });
    await withServer(source, async ({ url }) => {
      for (const flags of [['--verbose', '--progress', '--no-color'], ['--json']]) {
        const { status, stdout, stderr } = await runCommand(['sync', ...flags, `${url}/x.git`, stage.targetUrl]);
        expect(status).toBe(1);
        expect(stdout + stderr).toContain('red');
        expect(stdout + stderr).not.toMatch(harmful);
      }
    });
    await expectUnharmed(stage.target, before);
  });

  test('in what a hook of the target says, and why it refuses a ref', async () => {
    await using stage = await openScene();
    const before = await stage.target.refs();
    await stage.target.hook('update', "printf '\\033]0;owned\\007\\033[31mred\\033[0m\\010\\n' >&2; exit 1");
    for (const target of [stage.targetUrl, stage.target.path]) {
      for (const flags of [['--verbose', '--progress', '--no-color'], ['--json'], ['--best-effort', '--json']]) {
        const { stdout, stderr } = await runCommand(['sync', ...flags, stage.sourceUrl, target]);
        expect(stdout + stderr).toContain('hook declined');
        expect(stdout + stderr).not.toMatch(harmful);
      }
    }
    await expectUnharmed(stage.target, before);
  });
});

test('a URL with an IPv6 address, and one of them that nobody listens at', async () => {
  await using stage = await openScene();
  const front = createServer((request, response) => {
    const onward = sendRequest(`${stage.backend.url}${request.url ?? ''}`, {
      method: request.method,
      headers: request.headers,
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => front.listen(0, '::1', resolve));
  const url = `http://[::1]:${(front.address() as AddressInfo).port}`;
  try {
    const result = await stage.client.sync({
      source: { url: `${url}/source.git` },
      target: { url: `${url}/target.git` },
    });
    expect(result).toMatchObject({
      sourceUrl: `${url}/source.git`,
      targetUrl: `${url}/target.git`,
      counts: { applied: 1 },
    });
  } finally {
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  }
  await expect(stage.client.sync({ ...stage.ends, source: { url: `${url}/source.git` } })).rejects.toMatchObject({
    code: 'GM_NETWORK',
  });
  await expect(stage.client.sync({ ...stage.ends, source: { url: `${url}/source.git` } })).rejects.toThrow(
    `${url}/source.git`,
  );
});
