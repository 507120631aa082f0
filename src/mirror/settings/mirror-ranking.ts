/** What was measured of one mirror. */
export interface MirrorRanking {
  readonly url: string;
  readonly measuredAtMs: number;
  /** Until it was connected, and until it had answered. */
  readonly connectMs?: number | undefined;
  readonly firstByteMs?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

/** A ranking as a value of `remote.<name>.mirrorRank`: `<url> at=<seconds> connect=<ms> first-byte=<ms> rate=<bytes per second>`. */
export function encodeRanking({ url, measuredAtMs, connectMs, firstByteMs, bytesPerSecond }: MirrorRanking): string {
  const words = [url, `at=${String(Math.floor(measuredAtMs / 1000))}`];
  const numbers = { connect: connectMs, 'first-byte': firstByteMs, rate: bytesPerSecond };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined) words.push(`${name}=${String(Math.round(value))}`);
  }
  return words.join(' ');
}

/** The ranking of such a value; none when it says no time. */
export function decodeRanking(text: string): readonly MirrorRanking[] {
  const [url = '', ...words] = text.split(/[ \t]+/);
  const number = (name: string): number | undefined => {
    const digits = words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
    return digits !== undefined && /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
  };
  const at = number('at');
  if (at === undefined || url === '') return [];
  return [
    {
      url,
      measuredAtMs: at * 1000,
      connectMs: number('connect'),
      firstByteMs: number('first-byte'),
      bytesPerSecond: number('rate'),
    },
  ];
}
