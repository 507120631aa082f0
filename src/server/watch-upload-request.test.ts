import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { streamOf } from '../core/byte-stream.ts';
import { concatBytes } from '../core/bytes.ts';
import { PacketWriter } from '../wire/pkt-line.ts';
import { RequestReport } from './request-observer.ts';
import { watchUploadRequest } from './watch-upload-request.ts';

const fetchV2 = new PacketWriter()
  .line('command=fetch')
  .line('agent=git/2.39.5')
  .delim()
  .line('filter blob:limit=1k')
  .line(`want ${'a'.repeat(40)}`)
  .flush()
  .finish();
const fetchV0 = new PacketWriter()
  .line(`want ${'a'.repeat(40)} side-band-64k agent=git/2.30.0`)
  .line('filter tree:0')
  .flush()
  .finish();

async function watch(body: Uint8Array, gitProtocol = 'version=2', contentEncoding?: string, size = 7) {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) chunks.push(body.slice(at, at + size));
  const observer = new RequestReport();
  const passed: Uint8Array[] = [];
  const request = { body: streamOf(...chunks), contentEncoding, gitProtocol, observer };
  for await (const chunk of watchUploadRequest(request)) passed.push(chunk);
  expect(Buffer.from(concatBytes(passed))).toEqual(Buffer.from(body));
  return observer.allFacts;
}

test('the command, the filter and the agent are told, and the body is passed on as it is', async () => {
  expect(await watch(fetchV2)).toEqual({ protocol: 2, command: 'fetch', filter: 'blob:limit', agent: 'git/2.39.5' });
  expect(await watch(fetchV0, '')).toEqual({ protocol: 0, command: 'fetch', filter: 'tree', agent: 'git/2.30.0' });
});

test('compressed requests are understood, too', async () => {
  expect(await watch(gzipSync(fetchV2), 'version=2', 'gzip')).toMatchObject({ command: 'fetch', filter: 'blob:limit' });
});

test.each([
  ['nothing', new Uint8Array(0), undefined],
  ['no pkt-line', Buffer.from('hello world'), undefined],
  ['no gzip', Buffer.from('hello'), 'gzip'],
  ['a gzip bomb', gzipSync(Buffer.alloc(8 * 1024 * 1024)), 'gzip'],
])('%s says nothing and does no harm', async (_name, body, encoding) => {
  expect(await watch(body, 'version=2', encoding, 4096)).toEqual({ protocol: 2, filter: 'none' });
});
