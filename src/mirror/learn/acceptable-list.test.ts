import { describe, expect, it } from 'vitest';
import { acceptableList } from './acceptable-list.ts';
import { decodeAnnouncedMirrors } from './announced-mirrors.ts';

function kept(origin: string, ...urls: readonly string[]): readonly string[] {
  const list = { canonical: [], prefer: 'now' as const, mirrors: urls.map((url) => ({ url })) };
  return acceptableList(list, origin).mirrors.map(({ url }) => url);
}

const here = [
  'http://localhost/x',
  'http://LOCALHOST./x',
  'http://a.localhost/x',
  'http://127.0.0.1:8080/x',
  'http://127.1/x',
  'http://2130706433/x',
  'http://0x7f.0.0.1/x',
  'http://0.0.0.0/x',
  'git://127.9.9.9/x',
  'ssh://127.0.0.1/x',
  'http://169.254.169.254/latest',
  'http://[::1]/x',
  'http://[::]/x',
  'http://[fe80::1]/x',
  'http://[::ffff:127.0.0.1]/x',
  'http://[::ffff:a9fe:a9fe]/x',
];

describe('acceptableList', () => {
  it.each(here)('M5: an origin elsewhere may not name this very machine: %s', (url) => {
    expect(kept('https://origin.example/x', url, 'https://m.example/x')).toEqual(['https://m.example/x']);
    expect(kept('git@origin.example:x', url)).toEqual([]);
    expect(kept('mirror::https://origin.example/x', url)).toEqual([]);
  });

  it.each(['http://127.0.0.1:9000/x', 'http://localhost/x', '/srv/x.git', 'file:///srv/x.git'])(
    'an origin on this machine may: %s',
    (origin) => {
      expect(kept(origin, 'http://127.0.0.1:8080/x')).toEqual(['http://127.0.0.1:8080/x']);
    },
  );

  it('keeps private networks: the mirrors of a company are there', () => {
    expect(kept('https://git.company.example/x', 'http://10.0.0.7/x')).toEqual(['http://10.0.0.7/x']);
  });

  it('keeps each place once', () => {
    expect(kept('https://o/x', 'https://m/x', 'https://M:443/x.git/', 'http://m/x')).toEqual([
      'https://m/x',
      'http://m/x',
    ]);
  });
});

describe('decodeAnnouncedMirrors', () => {
  it('M8: reads one URL a line, with what stands behind it', () => {
    const text = '# all\r\nhttps://a/x region=DE-BE stratum=2 later=word\r\n\n\tgit://b/x region=nowhere\nno-url\n';
    expect(decodeAnnouncedMirrors(text)).toEqual([
      { url: 'https://a/x', region: 'DE-BE', stratum: 2 },
      { url: 'git://b/x' },
    ]);
  });

  it('takes nothing from what is no text, and 1000 lines at most', () => {
    expect(decodeAnnouncedMirrors('https://a/x\n\0')).toEqual([]);
    expect(decodeAnnouncedMirrors('https://a/x\n'.repeat(5000))).toHaveLength(1000);
  });
});
