/** Response headers in the order in which they are sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Headers of what may change at any time, as git-http-backend(1) sends them. */
export const noCacheHeaders: HeaderList = [
  ['Expires', 'Fri, 01 Jan 1980 00:00:00 GMT'],
  ['Pragma', 'no-cache'],
  ['Cache-Control', 'no-cache, max-age=0, must-revalidate'],
];

const yearSeconds = 31_536_000;

/** Headers of what never changes, an object or a pack: cached for a year. */
export function cacheForeverHeaders(now: Date): HeaderList {
  return [
    ['Date', rfc2822Date(now)],
    ['Expires', rfc2822Date(new Date(now.getTime() + yearSeconds * 1000))],
    ['Cache-Control', `public, max-age=${yearSeconds}`],
  ];
}

/** `Tue, 24 Nov 2026 14:50:17 +0000`: the form in which git-http-backend(1) writes dates. */
export function rfc2822Date(date: Date): string {
  const [weekday, day = '', month, year, time] = date.toUTCString().split(' ');
  return `${weekday ?? ''} ${String(Number(day))} ${month ?? ''} ${year ?? ''} ${time ?? ''} +0000`;
}
