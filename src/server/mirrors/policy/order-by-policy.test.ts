import { describe, expect, it } from 'vitest';
import type { RegisteredMirror } from '../mirror-service.ts';
import { OrderMirrors } from './order-by-policy.ts';

// Addresses of the registries and name servers of these countries, which have been there for decades.
const inNetherlands = '193.0.6.139'; // RIPE NCC
const inNetherlandsV6 = '2001:67c:2e8::1'; // RIPE NCC
const inGermany = '2a02:568:fe00::53'; // a name server of .de
const inAustria = '194.0.25.24'; // a name server of .at
const inJapan = '202.12.27.33'; // M root server, WIDE
const inBrazil = '200.160.2.3'; // registro.br
const inSouthAfrica = '196.216.2.6'; // AFRINIC
const inAustralia = '202.12.29.1'; // APNIC

const mirror = (region: string, stratum?: number): RegisteredMirror => ({
  url: `https://${region.toLowerCase()}.example.org/x.git`,
  region,
  stratum,
});
const world = ['US', 'DE', 'JP', 'BR', 'AU', 'ZA'].map((region) => mirror(region));
const regions = (mirrors: readonly RegisteredMirror[]): readonly (string | undefined)[] =>
  mirrors.map(({ region }) => region);

describe('OrderMirrors (M5)', () => {
  const orders = new OrderMirrors();
  const near = (address: string | undefined, mirrors = world): readonly (string | undefined)[] =>
    regions(orders.order(mirrors, 'geoip', address));

  it('names them as they are given', () => {
    expect(orders.order(world, 'fixed', inJapan)).toEqual(world);
  });

  it('shuffles all of them, anew each time', () => {
    const seen = new Set<string>();
    for (let turn = 0; turn < 200; turn++) {
      const order = regions(orders.order(world, 'random', undefined));
      expect([...order].sort()).toEqual([...regions(world)].sort());
      seen.add(String(order[0]));
    }
    expect(seen.size).toBe(world.length);
    expect(regions(world)).toEqual(['US', 'DE', 'JP', 'BR', 'AU', 'ZA']);
    const last = new OrderMirrors({ random: () => 0.999 });
    expect(regions(last.order(world, 'random', undefined))).toEqual([...regions(world)].reverse());
  });

  it.each([
    ['the Netherlands', inNetherlands, 'DE'],
    ['the Netherlands, IPv6', inNetherlandsV6, 'DE'],
    ['Germany, IPv6', inGermany, 'DE'],
    ['Austria', inAustria, 'DE'],
    ['Japan', inJapan, 'JP'],
    ['Brazil', inBrazil, 'BR'],
    ['South Africa', inSouthAfrica, 'ZA'],
    ['Australia', inAustralia, 'AU'],
    ['Australia, mapped into IPv6', `::ffff:${inAustralia}`, 'AU'],
  ])('puts the nearest mirror first for a caller in %s', (_, address, nearest) => {
    expect(near(address)[0]).toBe(nearest);
  });

  it('puts the others by their distance', () => {
    expect(near(inNetherlands)).toEqual(['DE', 'US', 'BR', 'JP', 'ZA', 'AU']);
  });

  it('leaves the order alone for callers of whom nothing is known', () => {
    for (const address of [
      undefined,
      '10.0.0.1',
      '127.0.0.1',
      '192.168.1.1',
      '192.0.2.1',
      '::1',
      'fd00::1',
      'nonsense',
    ]) {
      expect(near(address)).toEqual(regions(world));
    }
  });

  it('knows where a literal address belongs, and puts mirrors it cannot place last', () => {
    const unknown = { url: 'https://mirror.example.org/x.git' };
    const odd = { url: 'https://other.example.org/x.git', region: 'somewhere' };
    const japan = { url: `https://${inJapan}/x.git` };
    const netherlands = { url: `git://[${inNetherlandsV6}]/x.git` };
    const mapped = { url: `https://[::ffff:${inAustralia}]/x.git` };
    const order = orders.order([unknown, odd, japan, netherlands, mapped], 'geoip', inGermany);
    expect(order).toEqual([netherlands, japan, mapped, unknown, odd]);
  });

  it('believes the region before the address', () => {
    const moved = { url: `https://${inJapan}/x.git`, region: 'de-BY' };
    expect(orders.order([mirror('JP'), moved], 'geoip', inGermany)).toEqual([moved, mirror('JP')]);
  });

  it('takes the lower stratum in one country, then the configured order', () => {
    const german = [
      mirror('DE'),
      mirror('DE', 3),
      mirror('DE', 1),
      { ...mirror('DE', 1), url: 'https://b.example.org/x' },
    ];
    expect(orders.order(german, 'geoip', inNetherlands)).toEqual([german[2], german[3], german[1], german[0]]);
  });

  it('puts a country that does not exist behind those that do', () => {
    expect(near(inGermany, [mirror('QQ'), mirror('NZ')])).toEqual(['NZ', 'QQ']);
  });
});
