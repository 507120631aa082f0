import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ActivityWatch } from './activity-watch.ts';

describe('the watch over an exchange', () => {
  const expire = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    expire.mockClear();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('expires once when the headers do not come', () => {
    new ActivityWatch(1000, expire);
    vi.advanceTimersByTime(999);
    expect(expire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5000);
    expect(expire).toHaveBeenCalledTimes(1);
  });

  it('counts from the last sign of life', () => {
    const watch = new ActivityWatch(1000, expire);
    vi.advanceTimersByTime(900);
    watch.headersArrived();
    watch.answerAsked();
    vi.advanceTimersByTime(900);
    watch.answerGiven();
    watch.answerAsked();
    vi.advanceTimersByTime(900);
    expect(expire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(expire).toHaveBeenCalledTimes(1);
  });

  it('does not count while the body waits for its source, though an answer is waited for too', () => {
    const watch = new ActivityWatch(1000, expire);
    watch.sourceAsked();
    vi.advanceTimersByTime(10_000);
    watch.sourceAnswered(false);
    vi.advanceTimersByTime(999);
    expect(expire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(expire).toHaveBeenCalledTimes(1);
  });

  it('does not count while nobody asks for the answer, unless the body is stuck', () => {
    const watch = new ActivityWatch(1000, expire);
    watch.sourceAsked();
    watch.sourceAnswered(true);
    watch.headersArrived();
    vi.advanceTimersByTime(10_000);
    expect(expire).not.toHaveBeenCalled();
    const stuck = new ActivityWatch(1000, expire);
    stuck.sourceAsked();
    stuck.sourceAnswered(false);
    stuck.headersArrived();
    vi.advanceTimersByTime(1000);
    expect(expire).toHaveBeenCalledTimes(1);
  });

  it('never expires when it is stopped or has no limit', () => {
    new ActivityWatch(1000, expire).stop();
    new ActivityWatch(0, expire);
    vi.advanceTimersByTime(100_000);
    expect(expire).not.toHaveBeenCalled();
  });
});
