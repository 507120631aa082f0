import { describe, expect, it } from 'vitest';
import { SegmentBroker, type SegmentTask } from './segment-broker.ts';

const task = { directory: '/repository' } as SegmentTask;
const lost = { code: 'GM_INTERNAL', message: 'lost', details: {}, stack: undefined } as const;

/** A broker between threads 1 and 2, and what it told them. */
function scene(): { broker: SegmentBroker; told: string[] } {
  const told: string[] = [];
  const broker = new SegmentBroker({
    candidates: () => [1, 2],
    search: (thread, id) => told.push(`search ${String(id)} in ${String(thread)}`),
    abort: (thread, id) => told.push(`abort ${String(id)} in ${String(thread)}`),
    answer: (thread, ask, { error }) =>
      told.push(`answer ${String(ask)} to ${String(thread)}: ${error === undefined ? 'found' : error.code}`),
    progress: (thread, ask, done) => told.push(`progress of ${String(ask)} to ${String(thread)}: ${String(done)}`),
  });
  return { broker, told };
}

describe('SegmentBroker', () => {
  it('gives each thread one segment at a time, and the next when it is done', () => {
    const { broker, told } = scene();
    for (const ask of [10, 11, 12]) broker.ask(1, ask, task);
    expect(told.splice(0)).toEqual(['search 0 in 1', 'search 1 in 2']);
    broker.progress(1, 5);
    broker.done(1, { found: [] });
    expect(told).toEqual(['progress of 11 to 1: 5', 'answer 11 to 1: found', 'search 2 in 2']);
  });

  it('drops what is cancelled before it has begun, and stops what has', () => {
    const { broker, told } = scene();
    for (const ask of [10, 11, 12]) broker.ask(1, ask, task);
    told.length = 0;
    broker.cancel(1, 12);
    broker.cancel(1, 10);
    expect(told).toEqual(['abort 0 in 1']);
    broker.done(1, { found: [] });
    expect(told.slice(1)).toEqual(['answer 11 to 1: found']);
  });

  it('fails what a lost thread was searching, and forgets what it asked for', () => {
    const { broker, told } = scene();
    broker.ask(2, 20, task);
    broker.ask(1, 10, task);
    broker.ask(1, 11, task);
    told.length = 0;
    broker.lose(1, lost);
    expect(told).toEqual(['answer 20 to 2: GM_INTERNAL', 'abort 1 in 2']);
  });
});
