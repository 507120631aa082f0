import { describe, expect, it } from 'vitest';
import { streamOf } from '../core/byte-stream.ts';
import { encodeUtf8 } from '../core/bytes.ts';
import type { ServiceConnection } from './service-connection.ts';
import { StatelessConversation } from './stateless-conversation.ts';

/** A conversation over bytes that are all there already, cut into chunks of `size`. */
function conversationOf(text: string, size: number): { parts: ServiceConnection; sent: string[] } {
  const bytes = encodeUtf8(text);
  const chunks: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += size) chunks.push(bytes.slice(offset, offset + size));
  const advertisement = streamOf(...chunks);
  const sent: string[] = [];
  const parts: ServiceConnection = {
    mode: 'stateful',
    displayUrl: 'foo::x',
    advertisement,
    request(body) {
      if (body instanceof Uint8Array) sent.push(Buffer.from(body).toString());
      return Promise.resolve(advertisement);
    },
    close: () => Promise.resolve(),
  };
  return { parts, sent };
}

async function readText(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const advertised = '000eversion 2\n0000';
const open = (text: string, size: number, said = ''): StatelessConversation =>
  new StatelessConversation({
    conversation: conversationOf(text, size).parts,
    meter: undefined,
    name: 'git-remote-foo',
    said: () => said,
  });

describe('StatelessConversation', () => {
  it.each([1, 2, 3, 5, 7, 1000])('parts the answers of a helper that come in chunks of %i bytes', async (size) => {
    const connection = open(`${advertised}0007one00000009two\n\n000100000002000aHPACK!00000002`, size);
    expect(await readText(connection.advertisement)).toBe(advertised);
    const first = await connection.request(encodeUtf8('0000'));
    expect(await readText(first)).toBe('0007one00000009two\n\n00010000');
    expect(await first.next()).toEqual({ done: true, value: undefined });
    expect(await readText(await connection.request(encodeUtf8('0000')))).toBe('000aHPACK!0000');
  });

  it('passes over the rest of an answer that was left', async () => {
    const connection = open(`${advertised}0007one0007two000000020009three00000002`, 3);
    await connection.advertisement.next();
    const left = await connection.request(encodeUtf8('0000'));
    await left.next();
    await left.return?.();
    expect(await left.next()).toEqual({ done: true, value: undefined });
    expect(await readText(await connection.request(encodeUtf8('0000')))).toBe('0009three0000');
  });

  it('shows an answer that was cut off as it is', async () => {
    const connection = open(`${advertised}0007one00`, 4);
    await readText(connection.advertisement);
    expect(await readText(await connection.request(encodeUtf8('0000')))).toBe('0007one00');
  });

  it('says what the helper said when an answer is empty', async () => {
    const connection = open(`${advertised}0002`, 100, 'error: RPC failed; HTTP 503');
    await readText(connection.advertisement);
    await expect(readText(await connection.request(encodeUtf8('0000')))).rejects.toMatchObject({
      code: 'GM_REMOTE',
      message: /the answer is empty; git-remote-foo said: error: RPC failed; HTTP 503/,
    });
  });

  it('refuses what is not made of packets', async () => {
    const connection = open(`${advertised}<html>`, 100);
    await readText(connection.advertisement);
    await expect(readText(await connection.request(encodeUtf8('0000')))).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
    await expect(readText(open('0002', 100).advertisement)).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
  });
});
