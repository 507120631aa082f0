import { beforeEach, describe, expect, test } from 'vitest';
import { FakeHost } from '../../test/cli/fake-host.ts';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});

const at = 'https://mirror.example.org/app.git';
const words = ['notify', 'https://user:secret@example.com/app.git', '--at', at, '--repository', '/srv/git/app.git'];

describe('M7: git mirror notify', () => {
  test('hands on where the mirror is, and for how long', async () => {
    expect(await host.run(...words, '--ttl', '2h')).toBe(0);
    expect(host.announcement).toMatchObject({
      origin: 'https://user:secret@example.com/app.git',
      at,
      repository: '/srv/git/app.git',
      ttlSeconds: 7200,
    });
    expect(host.out).toBe(`https://example.com/app.git has seen ${at} and lists it.\n`);
  });

  test('an hour, and the folder where it is run', async () => {
    expect(await host.run('notify', 'https://example.com/app.git', '--at', at)).toBe(0);
    expect(host.announcement).toMatchObject({ repository: '.', ttlSeconds: 3600 });
  });

  test('without --at it says what is missing', async () => {
    expect(await host.run('notify', 'https://example.com/app.git')).toBe(2);
    expect(host.err).toContain('--at');
    expect(host.announcement).toBeUndefined();
  });

  test.each([
    [{ kind: 'ignored' } as const, 'takes no notices of mirrors'],
    [{ kind: 'unknown' } as const, 'knows nothing of mirrors'],
    [{ kind: 'refused', reason: 'mirrors at this host are not taken here' } as const, 'are not taken here'],
  ])('says why a mirror is not listed: %o', async (outcome, text) => {
    host.announceOutcome = outcome;
    expect(await host.run(...words)).toBe(1);
    expect(host.out).toContain(text);
    expect(host.out).not.toContain('secret');
  });

  test('one JSON document', async () => {
    host.announceOutcome = { kind: 'refused', reason: 'no' };
    expect(await host.run(...words, '--json')).toBe(1);
    expect(JSON.parse(host.out)).toEqual({
      origin: 'https://example.com/app.git',
      at,
      digest: 'd'.repeat(64),
      answer: 'refused',
      reason: 'no',
    });
  });
});
