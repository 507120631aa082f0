import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/index.ts';
import { failureOf } from '../servers/http-client.ts';
import { startFaultyServer, type FaultyScript } from '../servers/faulty.ts';
import { expectHarmless, openScene, sharedScene, syncWith, watchTemporaryFiles, withServer } from './scene.ts';
import { advertisementHeaders, flush, packet } from './scripted-source.ts';

watchTemporaryFiles();
const scene = sharedScene();

const html = '<html><head><title>Sign in &amp; go</title></head><body>…</body></html>';

interface Fault {
  readonly what: string;
  readonly script: (service: string) => FaultyScript;
  readonly code: ErrorCode;
  readonly says: readonly (string | RegExp)[];
}

/** A good beginning and then `rest`. */
function advertised(rest: string | Buffer): Fault['script'] {
  return (service) => (exchange) => {
    const body = Buffer.concat([packet(`# service=${service}\n`), flush, Buffer.from(rest)]);
    exchange.answer(200, advertisementHeaders(service), body);
  };
}

function plain(headers: Readonly<Record<string, string>>, body: string | Buffer = ''): Fault['script'] {
  return () => (exchange) => {
    exchange.answer(200, headers, body);
  };
}

const oid = '1'.repeat(40);

const faults: readonly Fault[] = [
  {
    what: 'a web page',
    script: plain({ 'Content-Type': 'text/html; charset=utf-8' }, html),
    code: 'GM_PROTOCOL',
    says: ['not a Git repository', 'web page', 'Sign in & go', 'check the URL'],
  },
  {
    what: 'JSON',
    script: plain({ 'Content-Type': 'application/json' }, '{"message":"hello"}'),
    code: 'GM_PROTOCOL',
    says: ['not a Git repository', 'application/json', 'check the URL'],
  },
  {
    what: 'an empty answer of no type',
    script: plain({}),
    code: 'GM_PROTOCOL',
    says: ['not a Git repository', 'check the URL'],
  },
  {
    what: 'an empty answer of the right type',
    script: (service) => plain(advertisementHeaders(service))(service),
    code: 'GM_NETWORK',
    says: ['ended early while', 'listing its refs', 'Try again'],
  },
  {
    what: 'a web page that is called an advertisement',
    script: (service) => plain(advertisementHeaders(service), html)(service),
    code: 'GM_PROTOCOL',
    says: ['<html><head>', 'Check that a Git server answers there'],
  },
  {
    what: 'JSON that is called an advertisement',
    script: (service) => plain(advertisementHeaders(service), '{"message":"hello"}')(service),
    code: 'GM_PROTOCOL',
    says: ['{"message":"hello"}'],
  },
  {
    what: 'the advertisement of the other service',
    script: (service) =>
      plain(
        advertisementHeaders(service),
        Buffer.concat([
          packet(`# service=${service === 'git-upload-pack' ? 'git-receive-pack' : 'git-upload-pack'}\n`),
          flush,
          flush,
        ]),
      )(service),
    code: 'GM_PROTOCOL',
    says: [/git-(?:receive|upload)-pack/],
  },
  { what: 'a packet that is cut off', script: advertised('0040' + oid), code: 'GM_PROTOCOL', says: [] },
  { what: 'the length 0003', script: advertised('0003'), code: 'GM_PROTOCOL', says: ['3 is no legal length'] },
  { what: 'a length that is no number', script: advertised('00g0'), code: 'GM_PROTOCOL', says: ['hexadecimal'] },
  { what: 'a length beyond the largest', script: advertised('fff1'), code: 'GM_PROTOCOL', says: ['65521 bytes long'] },
  {
    what: 'a length that is too short for its line',
    script: advertised(`0020${oid} refs/heads/main\n0000`),
    code: 'GM_PROTOCOL',
    says: [],
  },
  {
    what: 'a control character in an error',
    script: advertised(packet('ERR \u001b]0;owned\u0007go \u001b[2Jaway\r\n')),
    code: 'GM_REMOTE',
    says: [/the remote says: go away$/],
  },
  {
    what: 'no flush at the end',
    script: advertised(packet(`${oid} refs/heads/main\0report-status\n`)),
    code: 'GM_NETWORK',
    says: ['ended early', 'Try again'],
  },
  { what: 'a version to come', script: advertised(packet('version 9\n')), code: 'GM_PROTOCOL', says: ['version 9'] },
  {
    what: 'a hash function to come',
    script: advertised(Buffer.concat([packet(`${'0'.repeat(40)} capabilities^{}\0object-format=sha999\n`), flush])),
    code: 'GM_OBJECT_FORMAT',
    says: ['sha999'],
  },
  {
    what: 'an answer that claims to be compressed',
    script: (service) => plain({ ...advertisementHeaders(service), 'Content-Encoding': 'gzip' }, '0000')(service),
    code: 'GM_PROTOCOL',
    says: ['not valid HTTP'],
  },
  {
    what: 'a compressed answer that is cut off',
    script: (service) =>
      plain(
        { ...advertisementHeaders(service), 'Content-Encoding': 'gzip' },
        gzipSync(packet(`# service=${service}\n`)).subarray(0, -12),
      )(service),
    code: 'GM_NETWORK',
    says: ['ended before it was complete'],
  },
  {
    what: 'something that is no HTTP',
    script: () => (exchange) => {
      exchange.write('220 mail.example ESMTP\r\n');
      exchange.end();
    },
    code: 'GM_PROTOCOL',
    says: ['not valid HTTP'],
  },
];

describe.each(['source', 'target'] as const)('a %s that answers with', (end) => {
  test.each(faults)('$what', async ({ script, code, says }) => {
    const stage = scene();
    const service = end === 'source' ? 'git-upload-pack' : 'git-receive-pack';
    await withServer(startFaultyServer(script(service)), async (server) => {
      const url = `${server.url}/x.git`;
      const error = await expectHarmless(stage, syncWith(stage, { [end]: { url } }), { code, says: [url, ...says] });
      expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      const probe = await failureOf(stage.client.probe({ ...stage.ends, [end]: { url } }));
      expect(probe).toMatchObject({ code, message: error.message });
    });
  });
});

test('a text that is empty is not taken for a repository without refs', async () => {
  const stage = scene();
  await withServer(
    startFaultyServer((exchange) => {
      exchange.answer(200, { 'Content-Type': 'text/plain' });
    }),
    async (server) => {
      const url = `${server.url}/x.git`;
      const work = syncWith(stage, { source: { url }, policy: { prune: true } });
      await expectHarmless(stage, work, { code: 'GM_PROTOCOL', says: [url] });
    },
  );
});

test.each([
  ['sha1', 'sha256'],
  ['sha256', 'sha1'],
] as const)('objects named by %s do not go where they are named by %s', async (source, target) => {
  await using stage = await openScene({ source: { commits: 2, format: source }, targetFormat: target });
  const onPath = { source: { url: stage.source.path }, target: { url: stage.target.path } };
  for (const ends of [stage.ends, onPath]) {
    for (const call of ['plan', 'sync', 'replicate'] as const) {
      await expectHarmless(stage, () => stage.client[call](ends), {
        code: 'GM_OBJECT_FORMAT',
        says: [ends.source.url, ends.target.url, `--object-format=${source}`],
      });
    }
  }
  expect(stage.pushCount).toBe(0);
});

test('a repository is not replicated onto itself, whatever it is called', async () => {
  const stage = scene();
  const link = join(stage.folder, 'link.git');
  await symlink(stage.target.path, link);
  for (const url of [
    link,
    `${link}/`,
    `file://${link}`,
    join(stage.folder, '..', stage.folder.split('/').at(-1) ?? '', 'link.git'),
  ]) {
    const ends = { source: { url }, target: { url: stage.target.path } };
    for (const call of ['sync', 'replicate'] as const) {
      await expectHarmless(stage, () => stage.client[call]({ ...ends, policy: { prune: true } }), {
        code: 'GM_USAGE',
        says: ['target.url', 'same repository as the source'],
      });
    }
  }
});
