/**
 * Milliseconds from `nowMs` that a `Retry-After` header asks to wait: whole seconds or an HTTP date (RFC 9110, 10.2.3).
 * A date in the past is 0. Undefined when the header is missing or means nothing.
 */
export function decodeRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Za-z]/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
