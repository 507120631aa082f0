import { parseConfigInteger } from '../../repository/config/config-number.ts';

const durationFactors: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `30`, `30s`, `5m`, `6h` or `1d` in milliseconds, above 0; without a unit it is seconds. Undefined for anything else. */
export function parseSettingDuration(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|)$/.exec(text.trim());
  const ms = Math.round(Number(match?.[1]) * (durationFactors[match?.[2] ?? ''] ?? Number.NaN));
  return Number.isSafeInteger(ms) && ms >= 1 ? ms : undefined;
}

/** A number of bytes as git writes one, above 0: `4096`, `64k`, `10g`. Undefined for anything else. */
export function parseSettingBytes(text: string): number | undefined {
  const number = parseConfigInteger(text);
  return 'value' in number && number.value >= 1 && Number.isSafeInteger(number.value) ? number.value : undefined;
}
