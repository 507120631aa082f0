import { InvalidArgumentError } from 'commander';
import type { RefMapping } from '../../sync/request.ts';

const unitFactors: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** A number of bytes such as `500000`, `100m` or `1.5GiB`; units are powers of 1024, as in Git's configuration. */
export function parseByteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const factor = unitFactors[(match?.[2] ?? '?').toLowerCase()];
  const bytes = Math.floor(Number(match?.[1]) * (factor ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new InvalidArgumentError('Give a number of bytes above 0, such as 500000, 100m or 1g.');
  }
  return bytes;
}

/** A whole number above 0. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Give a whole number above 0.');
  return count;
}

/** A share from 0 to 100, with or without a percent sign. */
export function parsePercent(text: string): number {
  const percent = /^\d+(?:\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (!(percent >= 0 && percent <= 100)) throw new InvalidArgumentError('Give a number from 0 to 100.');
  return percent;
}

/** Adds the branches of a comma-separated list to those given before. */
export function collectBranches(text: string, previous: readonly string[] | undefined): readonly string[] {
  const branches = text.split(',').map((branch) => branch.trim());
  if (branches.includes('')) throw new InvalidArgumentError('Give branches separated by commas, none of them empty.');
  return [...(previous ?? []), ...branches];
}

/** Adds a `source:target` pair to those given before. */
export function collectMappings(text: string, previous: readonly RefMapping[] | undefined): readonly RefMapping[] {
  const [source = '', target = '', ...rest] = text.split(':');
  if (source === '' || target === '' || rest.length > 0) {
    throw new InvalidArgumentError('Give SOURCE:TARGET, such as main:release/main; ref names hold no colon.');
  }
  return [...(previous ?? []), { source, target }];
}

const durationFactors: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Node's timers take no more. */
const maxDurationMs = 2 ** 31 - 1;

/** A length of time such as `30`, `30s`, `5m`, `1h` or `7d` in milliseconds; without a unit it is seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|)$/.exec(text.trim());
  const ms = Number(match?.[1]) * (durationFactors[match?.[2] ?? '?'] ?? Number.NaN);
  if (!(ms >= 1 && ms <= maxDurationMs)) {
    throw new InvalidArgumentError('Give a length of time, such as 30s, 5m or 1h; 24 days at most.');
  }
  return Math.round(ms);
}

/** Where a server listens. */
export interface ListenFlag {
  readonly host?: string;
  readonly port?: number;
}

/** `8418`, `host`, `host:8418` or `[::1]:8418`. */
export function parseListen(text: string): ListenFlag {
  const match = /^(?:(\d+)|(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::(\d+))?)$/i.exec(text);
  const [, onlyPort, ipv6, name, portBehind] = match ?? [];
  const portText = onlyPort ?? portBehind;
  const port = portText === undefined ? undefined : Number(portText);
  if (match === null || (port !== undefined && port > 65_535)) {
    throw new InvalidArgumentError('Give a port, HOST:PORT or [IPV6]:PORT.');
  }
  const host = ipv6 ?? name;
  return { ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) };
}

/** Text that must not be empty. */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}
