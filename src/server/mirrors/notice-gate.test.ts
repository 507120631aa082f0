import { describe, expect, it } from 'vitest';
import { NoticeGate } from './notice-gate.ts';

const call = () => Promise.resolve('called' as const);

describe('M7: how many notices are looked at', () => {
  it('thirty a minute from one address; a network of IPv6 is one', async () => {
    const gate = new NoticeGate();
    const run = (address: string | undefined, nowMs: number) => gate.run(address, address ?? '', nowMs, call);
    for (let index = 0; index < 30; index++) {
      expect(await run('192.0.2.1', index)).toBe('called');
      expect(await run(`2001:db8::${String(index)}`, index)).toBe('called');
    }
    expect(await run('192.0.2.1', 1000)).toHaveProperty('refused');
    expect(await run('2001:db8:0:0:ffff::1', 1000)).toHaveProperty('refused');
    expect(await run('192.0.2.2', 1000)).toBe('called');
    expect(await run('2001:db8:0:1::1', 1000)).toBe('called');
    expect(await run('192.0.2.1', 61_000)).toBe('called');
  });

  it('eight at one time, and each mirror once', async () => {
    const gate = new NoticeGate();
    const release: (() => void)[] = [];
    const slow = () =>
      new Promise<'called'>((resolve) => {
        release.push(() => {
          resolve('called');
        });
      });
    const running = Array.from({ length: 8 }, (_, index) => gate.run('a', String(index), 0, slow));
    expect(await gate.run('b', '3', 0, call)).toEqual({ refused: 'this mirror is being looked at already' });
    expect(await gate.run('b', '9', 0, call)).toHaveProperty('refused');
    for (const go of release) go();
    await Promise.all(running);
    expect(await gate.run('b', '3', 0, call)).toBe('called');
  });

  it('a call that fails makes room again', async () => {
    const gate = new NoticeGate();
    await expect(gate.run('a', 'x', 0, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run('a', 'x', 0, call)).toBe('called');
  });
});
