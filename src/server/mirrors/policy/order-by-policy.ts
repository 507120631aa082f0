import type { RegisteredMirror } from '../mirror-service.ts';
import { plainAddress } from '../caller-address.ts';
import { isInternalAddress } from '../internal-address.ts';
import { countryCentre } from './country-centres.ts';
import { GeoipDatabase, type GeoipDatabaseOptions, type Place } from './geoip-database.ts';
import { greatCircleKm } from './great-circle.ts';

/** In which order mirrors are named (`mirror.policy`). */
export type MirrorPolicy = 'fixed' | 'random' | 'geoip';

/** Options of {@link OrderMirrors}. */
export interface OrderMirrorsOptions {
  readonly geoip?: GeoipDatabaseOptions | undefined;
  /** From 0 (included) to 1 (excluded). Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Puts mirrors in the order in which a caller should try them (row M5). */
export class OrderMirrors {
  readonly #random: () => number;
  readonly #geoip: GeoipDatabase;

  constructor({ geoip, random = Math.random }: OrderMirrorsOptions = {}) {
    this.#random = random;
    this.#geoip = new GeoipDatabase(geoip);
  }

  /**
   * `fixed`: as they are given. `random`: shuffled anew each time, which shares the load out. `geoip`: those in the caller's
   * country first, then by distance over ground, then by stratum; those of which nobody knows where they are come last. For a
   * caller of whom that is not known: as they are given.
   *
   * @param mirrors - in the configured order; the array is left as it is
   * @param address - of the caller, as `callerAddress` says it; undefined when not known
   */
  order(
    mirrors: readonly RegisteredMirror[],
    policy: MirrorPolicy,
    address: string | undefined,
  ): readonly RegisteredMirror[] {
    switch (policy) {
      case 'fixed':
        return mirrors;
      case 'random':
        return shuffled(mirrors, this.#random);
      case 'geoip': {
        const caller = this.#locate(address ?? '');
        return caller === undefined ? mirrors : this.#byDistance(mirrors, caller);
      }
    }
  }

  #byDistance(mirrors: readonly RegisteredMirror[], caller: Place): readonly RegisteredMirror[] {
    const ranked = mirrors.map((mirror) => ({ mirror, ...remotenessOf(this.#placeOf(mirror), caller) }));
    ranked.sort(
      (left, right) => left.step - right.step || left.km - right.km || stratumOf(left.mirror) - stratumOf(right.mirror),
    );
    return ranked.map(({ mirror }) => mirror);
  }

  /** Where its operator says that it is, or else where its literal address belongs: names are not looked up. */
  #placeOf({ url, region }: RegisteredMirror): Place | undefined {
    const [, country, subdivision] = /^([a-z]{2})(?:-([a-z0-9]{1,3}))?$/i.exec(region ?? '') ?? [];
    if (country !== undefined) return { country: country.toUpperCase(), subdivision: subdivision?.toUpperCase() };
    return this.#locate(URL.parse(url)?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '');
  }

  #locate(text: string): Place | undefined {
    const address = plainAddress(text);
    // Databases place some of these: 192.168.1.1 in Australia, 2001:db8:: in Japan.
    if (address === undefined || isInternalAddress(address)) return undefined;
    return this.#geoip.locate(address);
  }
}

interface Remoteness {
  /** 0: the same part of the country, 1: the same country, 2: another one, 3: nobody knows. */
  readonly step: 0 | 1 | 2 | 3;
  readonly km: number;
}

function remotenessOf(place: Place | undefined, caller: Place): Remoteness {
  if (place === undefined) return { step: 3, km: 0 };
  const from = caller.coordinates ?? countryCentre(caller.country);
  const to = place.coordinates ?? countryCentre(place.country);
  const km = from === undefined || to === undefined ? Number.MAX_VALUE : greatCircleKm(from, to);
  if (place.country !== caller.country) return { step: 2, km };
  const isSamePart = place.subdivision !== undefined && place.subdivision === caller.subdivision;
  return { step: isSamePart ? 0 : 1, km };
}

function stratumOf({ stratum = Number.MAX_SAFE_INTEGER }: RegisteredMirror): number {
  return stratum;
}

/** Fisher and Yates: each order is as likely as any other. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const rest = [...items];
  return items.map(() => rest.splice(Math.floor(random() * rest.length), 1)).flat();
}
