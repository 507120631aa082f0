import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GitMirrorError, isGitMirrorError, type ErrorCode } from '../../src/index.ts';
import { expectConnected } from '../repositories/check-repository.ts';
import { startFaultyServer, type FaultyScript } from '../servers/faulty.ts';
import { freePort } from '../servers/server-process.ts';
import { startHttpBackend } from '../servers/http-backend.ts';
import { makeCertificates } from '../servers/tls.ts';
import { cutAfter } from './front.ts';
import { openStage, type Stage } from './stage.ts';

const header = (service: string): string => {
  const line = `# service=${service}\n`;
  return `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`;
};

/** Answers every request like this. */
function answering(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): FaultyScript {
  return (exchange) => {
    exchange.answer(status, headers, body);
  };
}

async function errorOf(run: Promise<unknown>): Promise<GitMirrorError> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isGitMirrorError(error)) throw new Error(`expected a GitMirrorError, got ${String(error)}`, { cause: error });
  return error;
}

async function expectUntouched(stage: Stage): Promise<void> {
  expect(await stage.target.refs()).toEqual(new Map());
  await expectConnected(stage.target);
}

describe('R15 typed errors', () => {
  const packets = (text: string) => (service: string) =>
    answering(200, { 'Content-Type': `application/x-${service}-advertisement` }, header(service) + text);
  const html = { 'Content-Type': 'text/html' };
  const answers: readonly {
    readonly what: string;
    readonly script: (service: string) => FaultyScript;
    readonly code: ErrorCode;
    readonly retryable: boolean;
  }[] = [
    {
      what: '401',
      script: () => answering(401, { 'WWW-Authenticate': 'Basic realm="x"' }),
      code: 'GM_AUTH',
      retryable: false,
    },
    { what: '403', script: () => answering(403), code: 'GM_FORBIDDEN', retryable: false },
    { what: '404', script: () => answering(404), code: 'GM_NOT_FOUND', retryable: false },
    { what: '429', script: () => answering(429, { 'Retry-After': '30' }), code: 'GM_BUSY', retryable: true },
    { what: '500', script: () => answering(500), code: 'GM_REMOTE', retryable: true },
    {
      what: '502 with HTML',
      script: () => answering(502, html, '<html><h1>Bad Gateway</h1></html>'),
      code: 'GM_REMOTE',
      retryable: true,
    },
    {
      what: 'HTML instead of an advertisement',
      script: () => answering(200, html, '<html><body>Welcome</body></html>'),
      code: 'GM_PROTOCOL',
      retryable: false,
    },
    { what: 'a truncated pkt-line', script: packets('00f0abc'), code: 'GM_PROTOCOL', retryable: false },
    { what: 'a length that is no number', script: packets('zzzz'), code: 'GM_PROTOCOL', retryable: false },
    { what: 'a length beyond the largest', script: packets('ffff'), code: 'GM_PROTOCOL', retryable: false },
    { what: 'an ERR packet', script: packets('000fERR go away'), code: 'GM_REMOTE', retryable: true },
    {
      what: 'a connection that is cut',
      script: () => (exchange) => {
        exchange.reset();
      },
      code: 'GM_NETWORK',
      retryable: true,
    },
  ];

  for (const end of ['source', 'target'] as const) {
    test.each(answers)(`R15 typed errors: the ${end} gives $what: $code`, async ({ script, code, retryable }) => {
      await using stage = await openStage();
      const server = await startFaultyServer(script(end === 'source' ? 'git-upload-pack' : 'git-receive-pack'));
      stage.defer(() => server.close());
      const error = await errorOf(stage.client.sync({ ...stage.ends, [end]: { url: `${server.url}/x.git` } }));
      expect(error).toMatchObject({ code, retryable });
      expect(error.message).toContain(`${server.url}/x.git`);
      await expectUntouched(stage);
    });
  }

  test('R15 typed errors: 429 says for how long', async () => {
    await using stage = await openStage();
    const server = await startFaultyServer(answering(429, { 'Retry-After': '30' }));
    stage.defer(() => server.close());
    const error = await errorOf(stage.client.sync({ ...stage.ends, source: { url: server.url + '/x.git' } }));
    expect(error.details).toMatchObject({ retryAfterMs: 30_000 });
  });

  test.each(['source', 'target'] as const)('R15 typed errors: a %s that nobody listens at', async (end) => {
    await using stage = await openStage();
    const url = `http://127.0.0.1:${String(await freePort())}/x.git`;
    const error = await errorOf(stage.client.sync({ ...stage.ends, [end]: { url } }));
    expect(error).toMatchObject({ code: 'GM_NETWORK', retryable: true });
    expect(error.message).toContain(url);
  });

  test('R15 typed errors: a certificate that nobody vouches for', async () => {
    await using stage = await openStage();
    const tls = makeCertificates(stage.folder).server;
    const server = await startHttpBackend({ root: stage.folder, tls });
    stage.defer(() => server.close());
    const error = await errorOf(stage.client.sync({ ...stage.ends, target: { url: `${server.url}/target.git` } }));
    expect(error).toMatchObject({ code: 'GM_TLS', retryable: false });
    await expectUntouched(stage);
  });

  test.each([
    { what: 'HTTP', url: (stage: Stage) => `${stage.backend.url}/none.git` },
    { what: 'a path', url: (stage: Stage) => join(stage.folder, 'none.git') },
  ])('R15 typed errors: no such repository at $what', async ({ url }) => {
    await using stage = await openStage();
    for (const end of ['source', 'target'] as const) {
      const error = await errorOf(stage.client.sync({ ...stage.ends, [end]: { url: url(stage) } }));
      expect(error).toMatchObject({ code: 'GM_NOT_FOUND', retryable: false });
    }
  });

  test.each([5_000, 60_000])('R15 typed errors: a source that stops after %i bytes of its pack', async (bytes) => {
    await using stage = await openStage({
      source: { commits: 4, fileBytes: 40_000 },
      sourceFront: { answer: cutAfter(bytes) },
    });
    const error = await errorOf(stage.client.sync(stage.ends));
    expect(error).toMatchObject({ code: 'GM_NETWORK', retryable: true });
    expect(error.message).toContain(stage.sourceUrl);
    await expectUntouched(stage);
  });

  test('R15 typed errors: a target that stops in the middle of its report', async () => {
    await using stage = await openStage({ targetFront: { answer: cutAfter(10) } });
    const error = await errorOf(stage.client.sync(stage.ends));
    expect(error).toMatchObject({ code: 'GM_NETWORK', retryable: true });
    await expectConnected(stage.target);
    // It may have taken the push; the next run finds out.
    expect((await stage.client.plan(stage.ends)).counts).toMatchObject({ skipped: 1 });
  });

  test('R15 typed errors: a pack that is damaged on the way is refused by the target', async () => {
    await using stage = await openStage({
      source: { commits: 4, fileBytes: 40_000 },
      sourceFront: {
        async *answer(body) {
          let passed = 0;
          for await (const chunk of body) {
            // Somewhere within the second blob.
            const at = 60_000 - passed;
            if (at >= 0 && at < chunk.length) chunk[at] = (chunk[at] ?? 0) ^ 0x55;
            passed += chunk.length;
            yield chunk;
          }
        },
      },
    });
    const error = await errorOf(stage.client.sync(stage.ends));
    expect(error).toMatchObject({ code: 'GM_UNPACK', details: { url: stage.targetUrl } });
    await expectUntouched(stage);
  });

  test('R15 typed errors: a pack beyond the bound of the caller', async () => {
    await using stage = await openStage({ source: { commits: 4, fileBytes: 40_000 } });
    const error = await errorOf(stage.client.sync({ ...stage.ends, advanced: { maxPackBytes: 50_000 } }));
    expect(error).toMatchObject({ code: 'GM_LIMIT', details: { limit: 'maxSourcePackBytes' } });
    await expectUntouched(stage);
  });

  test('R15 typed errors: a source whose program dies says so', async () => {
    await using stage = await openStage({ source: { commits: 4, fileBytes: 40_000 } });
    // An object that is needed is gone: pack-objects fails in the middle, upload-pack says it on band 3.
    const blob = await stage.source.resolve('refs/heads/main:files/1/1.bin');
    await stage.loseObject(blob);
    const error = await errorOf(stage.client.sync(stage.ends));
    expect(error.code).toBe('GM_REMOTE');
    expect(error.message).toContain(stage.sourceUrl);
    await expectUntouched(stage);
  });

  test('R15 typed errors: have a JSON form for workers and logs', async () => {
    await using stage = await openStage();
    const url = `${stage.backend.url}/none.git`;
    const error = await errorOf(stage.client.sync({ ...stage.ends, source: { url } }));
    expect(error).toBeInstanceOf(GitMirrorError);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'GM_NOT_FOUND',
      message: error.message,
      retryable: false,
      details: JSON.parse(JSON.stringify(error.details)) as unknown,
    });
  });
});
