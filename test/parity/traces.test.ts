import { expect, test } from 'vitest';
import { compareObservations } from './compare.ts';
import { finalProgress, normalisePackets, parsePacketTrace } from './packet-trace.ts';
import { describePackets } from './response-trace.ts';

const place = { scenario: 'fetch/some', protocol: 2, oracle: '2.55' };

test('lines of a packet trace are kept apart by program, without their times', () => {
  const text = [
    '12:00:00.000001 pkt-line.c:85           packet:        fetch> command=ls-refs',
    '12:00:00.000002 pkt-line.c:85           packet:          git< version 2',
    'something else',
    '12:00:00.000003 pkt-line.c:85           packet:        fetch< 0000',
  ];
  expect([...parsePacketTrace(text.join('\n'))]).toEqual([
    ['fetch', ['> command=ls-refs', '< 0000']],
    ['git', ['< version 2']],
  ]);
});

test('what no two runs share is taken out', () => {
  const lines = ['< agent=git/2.39.5-Linux', '< session-id=a-b-c', '< want 1 ofs-delta agent=git/2.55.0 x'];
  expect(normalisePackets(lines)).toEqual(['< agent=*', '< session-id=*', '< want 1 ofs-delta agent=* x']);
});

test('of progress the last words stay, behind the beginning of the pack', () => {
  const lines = [
    '< packfile',
    '< \\2Counting objects:  50% (1/2)\\15Counting objects: 100% (2/2)\\15',
    '< PACK ...',
    '< \\2Counting objects: 100% (2/2), done.\\12Total 2 (delta 1), reused 0 (delta 0), pack-reused 0 (from 0)\\12',
    '< 0000',
  ];
  expect(normalisePackets(lines)).toEqual([
    '< packfile',
    '< PACK ...',
    '< \\2Counting objects: 100% (2/2), done.',
    '< \\2Total 2 (delta *), reused * (delta *), pack-reused * (from *)',
    '< 0000',
  ]);
  expect(finalProgress('fatal: no\n')).toEqual(['fatal: no']);
});

test('an answer is told packet by packet, a pack by its number of objects', () => {
  const packet = (content: string): string => (content.length + 4).toString(16).padStart(4, '0') + content;
  const pack = `PACK\0\0\0\u0002\0\0\0\u0007...`;
  const body = `${packet('packfile\n')}${packet('\u0002Enumerating objects: 7, done.\n')}${packet(`\u0001${pack}`)}${packet('\u0001more')}0000`;
  expect(describePackets(Buffer.from(body, 'latin1'))).toEqual([
    '"packfile\\n"',
    '2 Enumerating objects: 7, done.',
    'PACK version 2, 7 objects',
    '0000',
  ]);
  expect(describePackets(Buffer.from(`0008NAK\n${pack}`, 'latin1'))).toEqual([
    '"NAK\\n"',
    'raw PACK version 2, 7 objects',
  ]);
  expect(describePackets(Buffer.from('00zz'))).toEqual(['broken at the end: "00zz"']);
});

test('a refusal of ours in place of an answer that git cuts short is no difference, one in place of a whole answer is', () => {
  const ours = new Map([
    ['answer 1', ['POST /x 400', 'content-type: text/plain', 'pragma: no-cache', 'no such thing', '']],
    ['status, 1 fetch', ['128']],
    ['messages, 1 fetch', ['error: RPC failed; HTTP 400']],
  ]);
  const git = (answer: readonly string[], status: string): ReadonlyMap<string, readonly string[]> =>
    new Map([
      ['answer 1', ['POST /x 200', 'pragma: no-cache', ...answer]],
      ['status, 1 fetch', [status]],
      ['messages, 1 fetch', ['fatal: the remote end hung up']],
    ]);
  expect(compareObservations(git([], '128'), ours, place)).toEqual([]);
  expect(compareObservations(git(['"shallow-info\\n"'], '128'), ours, place)).toEqual([]);
  expect(compareObservations(git(['"NAK\\n"', '0000'], '128'), ours, place)).toHaveLength(2);
  expect(compareObservations(git([], '0'), ours, place).map(({ section }) => section)).toContain('status, 1 fetch');
});

test('the order of wanted refs may differ, and nothing else of them', () => {
  const observed = (...lines: readonly string[]): ReadonlyMap<string, readonly string[]> =>
    new Map([['answer 1', ['"wanted-refs\\n"', ...lines, '0001', '"packfile\\n"']]]);
  expect(compareObservations(observed('"1 a\\n"', '"2 b\\n"'), observed('"2 b\\n"', '"1 a\\n"'), place)).toEqual([]);
  expect(compareObservations(observed('"1 a\\n"', '"2 b\\n"'), observed('"2 b\\n"'), place)).toHaveLength(1);
});
