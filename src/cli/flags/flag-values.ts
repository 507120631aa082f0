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

/** Text that must not be empty. */
export function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}
