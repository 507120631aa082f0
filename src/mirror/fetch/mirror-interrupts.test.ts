import { describe, expect, it } from 'vitest';
import { MirrorInterrupts } from './mirror-interrupts.ts';

const open = (): MirrorInterrupts => new MirrorInterrupts((signal) => new Error(signal));

describe('M3: MirrorInterrupts', () => {
  it('stops while the origin is asked', () => {
    const interrupts = open();
    interrupts.receive('SIGINT', 0);
    expect(interrupts.signal.reason).toEqual(new Error('SIGINT'));
    expect(interrupts.stoppedBy).toBe('SIGINT');
  });

  it('leaves one mirror after another, and stops when the origin is asked again', () => {
    const interrupts = open();
    const first = interrupts.skip();
    interrupts.receive('SIGINT', 0);
    expect([first.aborted, interrupts.signal.aborted]).toEqual([true, false]);
    const second = interrupts.skip();
    interrupts.receive('SIGINT', 1500);
    expect([second.aborted, interrupts.signal.aborted]).toEqual([true, false]);
    interrupts.leaveMirrors();
    interrupts.receive('SIGINT', 5000);
    expect(interrupts.signal.aborted).toBe(true);
  });

  it('stops at two within a second, but takes an echo for the same', () => {
    const interrupts = open();
    interrupts.skip();
    interrupts.receive('SIGINT', 0);
    const second = interrupts.skip();
    interrupts.receive('SIGINT', 5);
    expect([second.aborted, interrupts.signal.aborted]).toEqual([false, false]);
    interrupts.receive('SIGINT', 900);
    expect(interrupts.signal.aborted).toBe(true);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('stops at once at %s', (signal) => {
    const interrupts = open();
    interrupts.skip();
    interrupts.receive(signal, 0);
    expect(interrupts.stoppedBy).toBe(signal);
    expect(interrupts.signal.aborted).toBe(true);
  });
});
