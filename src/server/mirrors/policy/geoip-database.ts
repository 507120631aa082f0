import { readFileSync, statSync, type Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Reader, type Response } from 'maxmind';
import { GitMirrorError, messageOf } from '../../../core/error.ts';
import type { Coordinates } from './country-centres.ts';

/** Where an address or a mirror is. */
export interface Place {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
  /** ISO 3166-2 code of a part of the country, without the country: `CA` for California. */
  readonly subdivision?: string | undefined;
  readonly coordinates?: Coordinates | undefined;
}

/** Options of {@link GeoipDatabase}. */
export interface GeoipDatabaseOptions {
  /** An MMDB file with countries or cities. Default: the countries of geo-whois-asn-country, which comes with us. */
  readonly file?: string | undefined;
  /** Told when the file cannot be used: an `ErrorCode` of `GM_NOT_FOUND`, `GM_CORRUPT` or `GM_TOO_LARGE`. */
  readonly onProblem?: ((error: GitMirrorError) => void) | undefined;
}

/** The largest file that is read into memory; databases of cities have 60 to 130 MiB. */
const maxFileBytes = 512 * 1024 * 1024;
/** The file is looked at again for changes at most so often. */
const checkIntervalMs = 10_000;

type Database = Reader<Response>;

/**
 * Which country an address belongs to. The file is read when the first address is asked for, at once (8 MB take about 10
 * ms); later changes are read beside the requests. While it cannot be used, nothing is known: never a reason to fail.
 */
export class GeoipDatabase {
  #file: string | undefined;
  readonly #onProblem: (error: GitMirrorError) => void;
  #database: Database | undefined;
  /** Size, time and number of the file that was read last. */
  #stamp: string | undefined;
  #checkedAtMs: number | undefined;
  #isChecking = false;

  constructor({ file, onProblem }: GeoipDatabaseOptions = {}) {
    this.#file = file;
    this.#onProblem = onProblem ?? (() => undefined);
  }

  /** @param address - as `plainAddress` writes it */
  locate(address: string): Place | undefined {
    const nowMs = performance.now();
    if (this.#checkedAtMs === undefined) {
      this.#checkedAtMs = nowMs;
      this.#openNow();
    } else if (nowMs - this.#checkedAtMs >= checkIntervalMs) {
      this.#checkedAtMs = nowMs;
      void this.reload();
    }
    try {
      return placeOf(this.#database?.get(address));
    } catch (error) {
      this.#database = undefined;
      this.#failed(error);
      return undefined;
    }
  }

  /** Reads the file again when it has changed. Never throws; what was read before stays when the new file is no good. */
  async reload(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      const file = (this.#file ??= defaultFile());
      const stamp = stampOf(await stat(file));
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      this.#database = new Reader(await readFile(file));
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isChecking = false;
    }
  }

  #openNow(): void {
    try {
      const file = (this.#file ??= defaultFile());
      this.#stamp = stampOf(statSync(file));
      this.#database = new Reader(readFileSync(file));
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(cause: unknown): void {
    if (cause instanceof GitMirrorError) {
      this.#onProblem(cause);
      return;
    }
    const isThere = !(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT');
    this.#onProblem(
      new GitMirrorError(
        isThere ? 'GM_CORRUPT' : 'GM_NOT_FOUND',
        `The GeoIP database ${this.#file ?? 'that comes with us'} cannot be read (${messageOf(cause)}). Mirrors are named in their fixed order`,
        { cause },
      ),
    );
  }
}

function defaultFile(): string {
  const { resolve } = createRequire(import.meta.url);
  return resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
}

/** Throws `GM_TOO_LARGE`. */
function stampOf({ size, mtimeMs, ino }: Stats): string {
  if (size > maxFileBytes) {
    throw new GitMirrorError('GM_TOO_LARGE', `The GeoIP database has ${size} bytes; at most ${maxFileBytes} are read`);
  }
  return `${size} ${mtimeMs} ${ino}`;
}

/** Reads both shapes: `country_code`, as ip-location-db makes them, and MaxMind's. Whatever else a file holds is nothing. */
function placeOf(record: unknown): Place | undefined {
  const country = fieldOf(record, 'country_code') ?? fieldOf(fieldOf(record, 'country'), 'iso_code');
  if (typeof country !== 'string' || !/^[A-Z]{2}$/.test(country)) return undefined;
  const subdivision = fieldOf(fieldOf(fieldOf(record, 'subdivisions'), '0'), 'iso_code');
  const location = fieldOf(record, 'location') ?? record;
  const latitude = degreesOf(fieldOf(location, 'latitude'));
  const longitude = degreesOf(fieldOf(location, 'longitude'));
  return {
    country,
    ...(typeof subdivision === 'string' ? { subdivision } : {}),
    ...(latitude === undefined || longitude === undefined ? {} : { coordinates: { latitude, longitude } }),
  };
}

/** ip-location-db's databases of cities have their coordinates in text. */
function degreesOf(value: unknown): number | undefined {
  const degrees = typeof value === 'string' ? Number.parseFloat(value) : value;
  return typeof degrees === 'number' && Math.abs(degrees) <= 180 ? degrees : undefined;
}

function fieldOf(record: unknown, name: string): unknown {
  if (typeof record !== 'object' || record === null) return undefined;
  return Object.getOwnPropertyDescriptor(record, name)?.value;
}
