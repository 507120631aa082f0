import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeMmdb } from '../../../../test/mirror/make-mmdb.ts';
import { makeTemporaryFolder } from '../../../../test/repositories/temporary-folder.ts';
import type { GitMirrorError } from '../../../core/error.ts';
import { GeoipDatabase } from './geoip-database.ts';
import { OrderMirrors } from './order-by-policy.ts';

// Networks of RIPE, APNIC and ARIN; what is said of them here is made up.
const [east, west, nowhere] = ['202.12.29.1', '8.8.8.8', '193.0.6.139'] as const;
const city = (iso: string, part: string, latitude: number, longitude: number) => ({
  country: { iso_code: iso },
  subdivisions: [{ iso_code: part }],
  location: { latitude, longitude },
});
const cities = makeMmdb({
  '202.12.29.0/24': city('US', 'NY', 40.7, -74),
  '8.8.8.0/24': city('US', 'CA', 37.8, -122.4),
  '2001:67c:2e8::/48': city('US', 'CA', 37.8, -122.4),
});

describe('GeoipDatabase (M5)', () => {
  it('reads databases of cities, as MaxMind makes them', async () => {
    await using folder = await makeTemporaryFolder();
    const file = join(folder.path, 'cities.mmdb');
    await writeFile(file, cities);
    const database = new GeoipDatabase({ file });
    const california = { country: 'US', subdivision: 'CA', coordinates: { latitude: 37.8, longitude: -122.4 } };
    expect(database.locate(west)).toEqual(california);
    expect(database.locate('2001:67c:2e8::1')).toEqual(california);
    expect(database.locate(nowhere)).toBeUndefined();
  });

  it('puts mirrors of one country in order by the coordinates of a city', async () => {
    await using folder = await makeTemporaryFolder();
    const file = join(folder.path, 'cities.mmdb');
    await writeFile(file, cities);
    const orders = new OrderMirrors({ geoip: { file } });
    const [newYork, california, canada] = [
      { url: `https://${east}/x.git` },
      { url: 'https://west.example.org/x.git', region: 'US-CA' },
      { url: 'https://ca.example.org/x.git', region: 'CA' },
    ] as const;
    expect(orders.order([canada, newYork, california], 'geoip', west)).toEqual([california, newYork, canada]);
    expect(orders.order([canada, california, newYork], 'geoip', east)).toEqual([newYork, california, canada]);
  });

  it('reads coordinates and countries as ip-location-db writes them', async () => {
    await using folder = await makeTemporaryFolder();
    const file = join(folder.path, 'cities.mmdb');
    await writeFile(file, makeMmdb({ '8.8.8.0/24': { country_code: 'NZ', latitude: '-36.8', longitude: '174.7' } }));
    expect(new GeoipDatabase({ file }).locate(west)).toEqual({
      country: 'NZ',
      coordinates: { latitude: -36.8, longitude: 174.7 },
    });
  });

  it('takes nothing from records that make no sense', async () => {
    await using folder = await makeTemporaryFolder();
    const file = join(folder.path, 'odd.mmdb');
    const odd = [{}, 'DE', ['DE'], { country: 'DE' }, { country_code: 'Germany' }, { country: { iso_code: 'd1' } }];
    await writeFile(
      file,
      makeMmdb(Object.fromEntries(odd.map((value, index) => [`8.8.${String(index)}.0/24`, value]))),
    );
    const database = new GeoipDatabase({ file });
    for (const index of odd.keys()) expect(database.locate(`8.8.${String(index)}.8`)).toBeUndefined();
  });

  it('reads a file again when it was replaced, and keeps what it has when the new one is broken', async () => {
    await using folder = await makeTemporaryFolder();
    const file = join(folder.path, 'countries.mmdb');
    const put = async (bytes: Uint8Array): Promise<void> => {
      await writeFile(`${file}.new`, bytes);
      await rename(`${file}.new`, file);
    };
    const problems: GitMirrorError[] = [];
    const database = new GeoipDatabase({ file, onProblem: (error) => problems.push(error) });
    expect(database.locate(west)).toBeUndefined();
    expect(problems.map(({ code }) => code)).toEqual(['GM_NOT_FOUND']);
    await put(makeMmdb({ '8.8.8.0/24': { country_code: 'FR' } }));
    await database.reload();
    expect(database.locate(west)?.country).toBe('FR');
    await put(Buffer.from('no database'));
    await database.reload();
    expect(problems.map(({ code }) => code)).toEqual(['GM_NOT_FOUND', 'GM_CORRUPT']);
    expect(problems[1]?.message).toContain(file);
    expect(database.locate(west)?.country).toBe('FR');
    await put(makeMmdb({ '8.8.8.0/24': { country_code: 'IT' } }));
    await database.reload();
    expect(database.locate(west)?.country).toBe('IT');
  });

  it('survives files that are cut short or scrambled', async () => {
    await using folder = await makeTemporaryFolder();
    const file = join(folder.path, 'broken.mmdb');
    for (let index = 1; index < 40; index += 1) {
      const bytes = Buffer.from(cities);
      // The metadata stays, so that the damage is found while addresses are looked up.
      for (let at = index; at < bytes.length - 250; at += 17) bytes[at] = (bytes[at] ?? 0) ^ (index * 37);
      await writeFile(file, bytes);
      const database = new GeoipDatabase({ file });
      expect(() => [west, east, nowhere].map((address) => database.locate(address))).not.toThrow();
    }
    await writeFile(file, cities.subarray(0, cities.length / 2));
    expect(new GeoipDatabase({ file }).locate(west)).toBeUndefined();
  });
});
