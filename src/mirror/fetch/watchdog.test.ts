import { describe, expect, it } from 'vitest';
import type { MirrorLimits } from '../mirror-candidate.ts';
import { Watchdog, type Observation } from './watchdog.ts';

const limits: MirrorLimits = {
  firstByteMs: 5000,
  stallMs: 2000,
  minBytesPerSecond: 100_000,
  totalMs: 600_000,
  maxBytes: 10_000_000,
};

/** Watches every 100 ms, and says when the mirror was left and why. */
function watch(at: (nowMs: number) => Partial<Observation>, untilMs = 700_000): string {
  const watchdog = new Watchdog(limits, 0);
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 100) {
    const reason = watchdog.check({ nowMs, bytes: 0, lastWordMs: undefined, isComplete: false, ...at(nowMs) });
    if (reason !== undefined) return `${String(nowMs)}: ${reason}`;
  }
  return 'good';
}

describe('M3: Watchdog', () => {
  it('waits for the first word', () => {
    expect(watch(() => ({}))).toBe('5100: nothing came in 5 s');
  });

  it('waits for the next word while the server prepares, but not for ever', () => {
    expect(watch((nowMs) => ({ lastWordMs: Math.min(nowMs, 8000) }))).toBe('13100: no object came in 13 s');
    expect(watch((nowMs) => ({ lastWordMs: nowMs }))).toBe('50100: no object came in 50 s');
  });

  it('goes by bytes alone once there are some', () => {
    expect(watch((nowMs) => ({ lastWordMs: nowMs, bytes: 4096 }))).toBe('2000: it stalled for 2 s');
    expect(watch((nowMs) => ({ bytes: 1 + nowMs * 50 }))).toBe('2000: it sent 50000 bytes a second, less than 100000');
    expect(watch((nowMs) => ({ bytes: 1 + nowMs * 101 }), 60_000)).toBe('good');
  });

  it('does not take the pauses between pieces for a stall', () => {
    const slow: MirrorLimits = { ...limits, stallMs: 1000, minBytesPerSecond: 4096 };
    const watchdog = new Watchdog(slow, 0);
    for (let nowMs = 0; nowMs < 120_000; nowMs += 100) {
      const bytes = 65_520 * (1 + Math.floor(nowMs / 13_000));
      expect(watchdog.check({ nowMs, bytes, lastWordMs: 0, isComplete: false })).toBeUndefined();
    }
  });

  it('bounds bytes and time, whatever else', () => {
    expect(watch((nowMs) => ({ bytes: nowMs * 1000 }))).toBe('10100: it sent more than 10000000 bytes');
    expect(watch(() => ({ bytes: 5, isComplete: true }))).toBe('600100: it took longer than 600 s');
  });
});
