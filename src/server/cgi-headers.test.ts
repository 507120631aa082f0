import { describe, expect, test } from 'vitest';
import { CgiHeadDecoder, maxCgiHeadBytes } from './cgi-headers.ts';

const decode = (text: string) => new CgiHeadDecoder().push(Buffer.from(text, 'latin1'));

describe('CgiHeadDecoder', () => {
  test('reads the status, keeps the order of headers and returns what follows', () => {
    const answer = decode('Status: 404 Not Found\r\nB: 2\r\nA:  1 \r\n\r\nbody\r\n\r\n');
    expect(answer?.head).toEqual({
      status: 404,
      headers: [
        ['B', '2'],
        ['A', '1'],
      ],
    });
    expect(Buffer.from(answer?.rest ?? []).toString()).toBe('body\r\n\r\n');
  });

  test('without a status it is 200; lines may end in LF alone', () => {
    expect(decode('Content-Type: a/b\n\nx')?.head).toEqual({ status: 200, headers: [['Content-Type', 'a/b']] });
  });

  test('fed byte by byte it says the same', () => {
    const decoder = new CgiHeadDecoder();
    const text = 'Status: 200 OK\r\nA: 1\r\n\r\nrest';
    const answers = [...Buffer.from(text)].map((byte) => decoder.push(Uint8Array.of(byte)));
    const index = answers.findIndex((answer) => answer !== undefined);
    expect(index).toBe(text.indexOf('rest') - 1);
    expect(answers[index]?.head.headers).toEqual([['A', '1']]);
    expect(answers[index]?.rest).toHaveLength(0);
  });

  test('headers of one connection are left out', () => {
    expect(decode('Transfer-Encoding: chunked\r\nConnection: close\r\nA: 1\r\n\r\n')?.head.headers).toEqual([
      ['A', '1'],
    ]);
  });

  test.each([
    'no header\r\n\r\n',
    'A B: 1\r\n\r\n',
    'Status: 999 x\r\n\r\n',
    'Status: two\r\n\r\n',
    'A: \u0001\r\n\r\n',
  ])('%j is refused', (text) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  test('a head without an end is refused at its bound', () => {
    const decoder = new CgiHeadDecoder();
    expect(decoder.push(Buffer.alloc(maxCgiHeadBytes, 'a'))).toBeUndefined();
    expect(() => decoder.push(Buffer.from('a'))).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });
});
