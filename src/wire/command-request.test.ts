import { describe, expect, it } from 'vitest';
import { packetsIn, pktLines } from '../../test/wire/chunking.ts';
import { beginCommandRequest, decodeCommandRequest } from './command-request.ts';
import type { CommandRequest } from './command-request.ts';

function read(lines: readonly string[], maxLines?: number): CommandRequest | undefined {
  return decodeCommandRequest(packetsIn([pktLines(...lines)]), maxLines === undefined ? {} : { maxLines });
}

describe('decodeCommandRequest', () => {
  it('reads a command of any kind, with arguments or without', () => {
    const bytes = beginCommandRequest('object-info', ['agent=x']).line('size').flush().finish();
    expect(decodeCommandRequest(packetsIn([bytes]))).toEqual({
      command: 'object-info',
      capabilities: ['agent=x'],
      args: ['size'],
    });
    expect(read(['agent=x', 'command=bundle-uri', '0000'])).toEqual({
      command: 'bundle-uri',
      capabilities: ['agent=x'],
      args: [],
    });
  });

  it('knows the empty request, and none else, as the goodbye', () => {
    expect(read(['0000'])).toBeUndefined();
    expect(() => read(['0001', '0000'])).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    expect(() => read([])).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  it('stops at the flush', () => {
    expect(read(['command=a', '0000', 'command=b', '0000'])?.command).toBe('a');
  });

  it('is bounded', () => {
    const lines = ['command=fetch', '0001', 'one', 'two', '0000'];
    expect(read(lines, 4)?.args).toHaveLength(2);
    expect(() => read(lines, 3)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
  });
});
