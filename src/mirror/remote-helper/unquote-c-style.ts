const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
};

/**
 * What `text` says when it is in double quotes as git puts them (quote_c_style: escapes of C, bytes as three octal
 * digits), and `text` itself when it is not. Undefined for quotes that are not closed and for escapes that are none. One
 * character a byte, before and after.
 */
export function unquoteCStyle(text: string): string | undefined {
  if (!text.startsWith('"')) return text;
  const inside = /^"((?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*)"$/s.exec(text)?.[1];
  return inside?.replaceAll(/\\([0-3][0-7]{2}|.)/gs, (_, escape: string) =>
    escape.length === 3 ? String.fromCharCode(Number.parseInt(escape, 8)) : (escapes[escape] ?? escape),
  );
}
