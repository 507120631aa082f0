import { describe, expect, it } from 'vitest';
import type { MirrorQuestion } from './mirror-checks.ts';
import type { RegisteredMirror, SteerRequest } from './mirror-service.ts';
import { Steering, type SteeringOutcome } from './steering.ts';

const stateA = 'a'.repeat(64);
const stateB = 'b'.repeat(64);
const domain = ['*.example.org'];

/** An origin, a clock, and mirrors that say what they are told to. */
function openTable() {
  let nowMs = 1_000_000;
  let change = 0;
  const origin = { digest: stateA, stamp: '0', atMs: 0 };
  const says = new Map<string, string | (() => Promise<string>)>();
  const questions: MirrorQuestion[] = [];
  const outcomes: SteeringOutcome[] = [];
  const steering = new Steering({
    onOutcome: (outcome) => outcomes.push(outcome),
    now: () => nowMs,
    ask: (question, signal) => {
      questions.push(question);
      const answer = says.get(question.at.url);
      if (answer === undefined) return Promise.reject(new Error('refused'));
      if (typeof answer === 'string') return Promise.resolve(answer);
      return Promise.race([
        answer(),
        new Promise<string>((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
      ]);
    },
  });
  return {
    says,
    questions,
    outcomes,
    steering,
    /** As a push does. */
    move: (digest: string): void => {
      change += 1;
      Object.assign(origin, { digest, stamp: String(change), atMs: nowMs });
    },
    wait: (ms: number): void => {
      nowMs += ms;
    },
    ask: (
      mirrors: readonly (string | RegisteredMirror)[],
      more: Partial<SteerRequest> & {
        readonly domain?: readonly string[];
        readonly canonical?: readonly string[];
      } = {},
    ): Promise<string | undefined> => {
      const request: SteerRequest = {
        repository: { directory: '/srv/x.git', name: 'x.git', url: 'http://origin.example.org/x.git' },
        caller: { remoteAddress: '192.0.2.7' },
        headers: new Map([['host', 'origin.example.org']]),
        gitProtocol: 'version=2',
        signal: new AbortController().signal,
        ...more,
      };
      return steering.steer(
        request,
        mirrors.map((mirror) => (typeof mirror === 'string' ? { url: mirror } : mirror)),
        { digest: () => origin.digest, lastChange: () => ({ stamp: origin.stamp, atMs: origin.atMs }) },
        { trustDomains: more.domain ?? domain, canonical: more.canonical ?? [] },
      );
    },
  };
}

const [one, two, three, four] = [1, 2, 3, 4].map((number) => `http://m${String(number)}.example.org/x.git`) as [
  string,
  string,
  string,
  string,
];

describe('Steering (M10)', () => {
  it('takes the first mirror whose digest is the same', async () => {
    const { ask, says, outcomes } = openTable();
    says.set(one, stateB).set(two, stateA).set(three, stateA);
    expect(await ask([one, two, three])).toBe(two);
    expect(await ask([three, two, one])).toBe(three);
    expect(await ask([`${three}/`])).toBe(three);
    expect(outcomes).toEqual(['steered', 'steered', 'steered']);
  });

  it('never takes one that is behind, that is ahead, or gives no answer', async () => {
    const { ask, says, outcomes } = openTable();
    says.set(one, stateB).set(two, '');
    expect(await ask([one, two])).toBeUndefined();
    expect(await ask([three])).toBeUndefined();
    expect(outcomes).toEqual(['stale', 'silent']);
  });

  it('asks three at once and no more', async () => {
    const { ask, says, questions } = openTable();
    says.set(four, stateA);
    expect(await ask([one, two, three, four])).toBeUndefined();
    expect(questions.map(({ at }) => at.url)).toEqual([one, two, three]);
  });

  it('does not wait for a mirror longer than half a second, and then leaves it alone for a while', async () => {
    const { ask, says, questions, wait, outcomes } = openTable();
    says.set(one, () => new Promise<string>(() => undefined)).set(two, stateA);
    expect(await ask([one, two])).toBe(two);
    expect(await ask([one])).toBeUndefined();
    expect(questions).toHaveLength(2);
    says.set(one, stateA);
    wait(10_001);
    expect(await ask([one])).toBe(one);
    expect(outcomes).toEqual(['steered', 'silent', 'steered']);
  });

  it('uses an answer again for five seconds, for others', async () => {
    const { ask, says, questions, wait } = openTable();
    const other = (last: number) => ({ caller: { remoteAddress: `192.0.2.${String(last)}` } });
    says.set(one, stateA);
    expect(await ask([one], other(1))).toBe(one);
    says.delete(one);
    wait(4999);
    expect(await ask([one], other(2))).toBe(one);
    expect(questions).toHaveLength(1);
    wait(1);
    expect(await ask([one], other(3))).toBeUndefined();
    expect(questions).toHaveLength(2);
  });

  it('asks anew for a caller that was sent there a moment ago: a mirror that has died is not chosen again', async () => {
    const { ask, says, questions, outcomes } = openTable();
    says.set(one, stateA);
    expect(await ask([one])).toBe(one);
    says.delete(one);
    expect(await ask([one])).toBeUndefined();
    expect(await ask([one])).toBeUndefined();
    expect(questions).toHaveLength(2);
    expect(outcomes).toEqual(['steered', 'silent', 'silent']);
  });

  it('sends nobody away for two seconds after a change', async () => {
    const { ask, says, move, wait, outcomes } = openTable();
    says.set(one, stateB);
    move(stateB);
    expect(await ask([one])).toBeUndefined();
    wait(1999);
    expect(await ask([one])).toBeUndefined();
    wait(1);
    expect(await ask([one])).toBe(one);
    expect(outcomes).toEqual(['unsettled', 'unsettled', 'steered']);
  });

  it('forgets what mirrors said when something has happened, also when that was taken back', async () => {
    const { ask, says, move, wait, questions, outcomes } = openTable();
    says.set(one, stateA);
    expect(await ask([one], { caller: { remoteAddress: '192.0.2.1' } })).toBe(one);
    // The mirror follows at once to B, and the origin goes back to A.
    move(stateB);
    move(stateA);
    says.set(one, stateB);
    wait(3000);
    expect(await ask([one])).toBeUndefined();
    wait(30_001);
    expect(await ask([one])).toBeUndefined();
    expect(questions).toHaveLength(2);
    expect(outcomes).toEqual(['steered', 'unsettled', 'stale']);
  });

  it('looks at the origin again when the mirror has answered', async () => {
    const { ask, says, move, wait, outcomes } = openTable();
    says.set(one, async () => {
      move(stateB);
      return stateA;
    });
    expect(await ask([one])).toBeUndefined();
    says.set(one, async () => {
      move(stateA);
      move(stateB);
      return stateB;
    });
    wait(60_000);
    expect(await ask([one])).toBeUndefined();
    expect(outcomes).toEqual(['unsettled', 'unsettled']);
  });

  it('stays inside the trust domain', async () => {
    const { ask, says, questions, outcomes } = openTable();
    const outside = ['http://mirror.example.com/x', 'http://example.org/x', 'http://m1.example.org.evil.example/x'];
    for (const url of outside) says.set(url, stateA);
    expect(await ask(outside)).toBeUndefined();
    says.set(one, stateA);
    expect(await ask([one], { domain: [] })).toBeUndefined();
    expect(questions).toEqual([]);
    expect(outcomes).toEqual(['no-mirror', 'no-mirror']);
  });

  it('takes no URL that is not plain http or https, nor its own', async () => {
    const { ask, questions } = openTable();
    const urls = [
      'git://m1.example.org/x.git',
      'ssh://m1.example.org/x.git',
      'http://user@m1.example.org/x.git',
      'http://user:secret@m1.example.org/x.git',
      'http://m1.example.org/x.git?token=1',
      'http://m1.example.org\\@evil.example/x.git',
      'http://m1.example.org/x\u0000.git',
      'http://origin.example.org/x.git/',
      'https://origin.example.org/x',
      'http://main.example.org/x',
    ];
    expect(await ask(urls, { domain: ['*'], canonical: ['https://main.example.org/x.git'] })).toBeUndefined();
    expect(questions).toEqual([]);
  });

  it('sends nobody from https to http', async () => {
    const { ask, says } = openTable();
    const secure = 'https://m2.example.org/x.git';
    says.set(one, stateA).set(secure, stateA);
    const repository = { directory: '/srv/x.git', name: 'x.git', url: 'https://origin.example.org/x.git' };
    expect(await ask([one], { repository })).toBeUndefined();
    expect(await ask([one, secure], { repository })).toBe(secure);
    expect(await ask([one], { headers: new Map([['x-forwarded-proto', 'https']]) })).toBeUndefined();
  });

  it('asks no mirror for those that decline or carry something of their own', async () => {
    const { ask, says, questions, outcomes } = openTable();
    says.set(one, stateA);
    expect(await ask([one], { headers: new Map([['git-mirror', 'direct']]) })).toBeUndefined();
    expect(await ask([one], { gitProtocol: 'version=2:mirror=direct' })).toBeUndefined();
    expect(await ask([one], { headers: new Map([['authorization', 'Basic eA==']]) })).toBeUndefined();
    expect(questions).toEqual([]);
    expect(outcomes).toEqual(['declined', 'declined', 'personal']);
  });

  it('lets hosts have internal addresses when their domain is written down, and not by *', async () => {
    const { ask, questions } = openTable();
    await ask([one], { domain: ['m1.example.org'] });
    await ask([two], { domain: ['*.example.org'] });
    await ask([three], { domain: ['*'] });
    expect(questions.map(({ hosts }) => hosts)).toEqual([['m1.example.org'], ['m2.example.org'], []]);
  });

  it('sends nobody away once it is closed', async () => {
    const { ask, says, steering } = openTable();
    says.set(one, stateA);
    steering.close();
    expect(await ask([one])).toBeUndefined();
  });
});
