import { describe, expect, it } from 'vitest';
import { DigestHistory } from './digest-history.ts';

describe('DigestHistory (M10)', () => {
  it('knows a state that came back, for a while', () => {
    const history = new DigestHistory(1000);
    expect(history.hasReturned('x', 'a', '1', 0)).toBe(false);
    expect(history.hasReturned('x', 'a', '1', 100)).toBe(false);
    expect(history.hasReturned('x', 'b', '2', 200)).toBe(false);
    expect(history.hasReturned('x', 'a', '3', 300)).toBe(true);
    expect(history.hasReturned('x', 'a', '3', 1300)).toBe(true);
    expect(history.hasReturned('x', 'a', '3', 1301)).toBe(false);
  });

  it('takes a change that left everything as it was for one that was taken back', () => {
    const history = new DigestHistory(1000);
    expect(history.hasReturned('x', 'a', '1', 0)).toBe(false);
    expect(history.hasReturned('x', 'a', '2', 9000)).toBe(true);
    expect(history.hasReturned('x', 'b', '3', 9001)).toBe(false);
  });

  it('does not mind how long the refs were something else, and keeps repositories apart', () => {
    const history = new DigestHistory(1000);
    history.hasReturned('x', 'a', '1', 0);
    history.hasReturned('x', 'b', '2', 10);
    expect(history.hasReturned('y', 'a', '3', 20)).toBe(false);
    expect(history.hasReturned('x', 'a', '4', 1_000_000)).toBe(true);
  });

  it('does not call a new state a return, although one of the settings moved the digest before', () => {
    const history = new DigestHistory(1000);
    expect(history.hasReturned('x', 'a', '1', 0)).toBe(false);
    expect(history.hasReturned('x', 'b', '1', 10)).toBe(false);
    expect(history.hasReturned('x', 'c', '2', 20)).toBe(false);
  });

  it('remembers a bounded number of states', () => {
    const history = new DigestHistory(1_000_000);
    for (let index = 0; index < 200; index++) history.hasReturned('x', `d${String(index)}`, `s${String(index)}`, index);
    expect(history.hasReturned('x', 'd0', 'new', 201)).toBe(false);
    expect(history.hasReturned('x', 'd199', 'newer', 202)).toBe(true);
  });
});
