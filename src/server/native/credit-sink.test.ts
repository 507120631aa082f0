import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../core/bytes.ts';
import { CreditSink } from './credit-sink.ts';

const mebibyte = 1024 * 1024;
const noFiles = (): void => undefined;

describe('CreditSink', () => {
  it('joins small writes, and sends them when the writer waits for something else', async () => {
    const sent: Uint8Array[] = [];
    const sink = new CreditSink((chunk) => sent.push(chunk), noFiles);
    const bytes = Uint8Array.of(1, 2, 3);
    expect(sink.write(bytes)).toBeUndefined();
    bytes.fill(9);
    expect(sink.write(Uint8Array.of(4))).toBeUndefined();
    expect(sent).toEqual([]);
    await setImmediate();
    expect(sent.map((chunk) => [...chunk])).toEqual([[1, 2, 3, 4]]);
  });

  it('keeps every byte of writes larger than a batch', () => {
    const sent: Uint8Array[] = [];
    const sink = new CreditSink((chunk) => sent.push(chunk), noFiles);
    const bytes = Uint8Array.from({ length: 300_001 }, (_, index) => index % 251);
    void sink.write(bytes);
    sink.flush();
    expect(concatBytes(sent)).toEqual(bytes);
  });

  it('makes the writer wait when the client is a window behind, until it has taken some', async () => {
    const sent: Uint8Array[] = [];
    const sink = new CreditSink((chunk) => sent.push(chunk), noFiles);
    const room = sink.write(new Uint8Array(2 * mebibyte));
    expect(room).toBeInstanceOf(Promise);
    let isOver = false;
    const over = room?.then(() => (isOver = true));
    await setImmediate();
    expect(isOver).toBe(false);
    sink.credit(1.5 * mebibyte);
    await over;
    expect(isOver).toBe(true);
    expect(sink.write(new Uint8Array(10))).toBeUndefined();
  });

  it('tells a writer that waits, and later ones, that nobody reads any longer', async () => {
    const sink = new CreditSink(() => undefined, noFiles);
    const room = sink.write(new Uint8Array(2 * mebibyte));
    const reason = new Error('gone');
    sink.fail(reason);
    await expect(room).rejects.toBe(reason);
    await expect(sink.write(new Uint8Array(1))).rejects.toBe(reason);
  });
});
