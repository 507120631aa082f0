import type { MirrorEntry } from '../../wire/mirrors/mirror-list.ts';
import { parseMirrorUrl } from './mirror-url.ts';

const regionForm = /^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/;

/**
 * A mirror that was learned, as a value of `remote.<name>.learnedMirrorUrl`: the URL, then what does not change from day to
 * day, ` region=DE stratum=1`.
 */
export function encodeLearnedMirror({ url, region, stratum }: MirrorEntry): string {
  const words = [url];
  if (region !== undefined && regionForm.test(region)) words.push(`region=${region}`);
  if (stratum !== undefined) words.push(`stratum=${String(stratum)}`);
  return words.join(' ');
}

/** The mirror of such a value; none when its URL is not one that a server may name. Words that are not known are passed over. */
export function decodeLearnedMirror(text: string): readonly MirrorEntry[] {
  const [url = '', ...words] = text.split(/[ \t]+/);
  const values = new Map(words.map((word) => [word.split('=', 1)[0] ?? '', word.slice(word.indexOf('=') + 1)]));
  const region = values.get('region');
  const stratum = values.get('stratum');
  try {
    return [
      {
        url: parseMirrorUrl(url, 'network').url,
        ...(region !== undefined && regionForm.test(region) ? { region } : {}),
        ...(stratum !== undefined && /^\d{1,3}$/.test(stratum) ? { stratum: Number(stratum) } : {}),
      },
    ];
  } catch {
    // Somebody has changed it since it was stored.
    return [];
  }
}
