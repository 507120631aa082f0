import { mirrorLimits } from '../../wire/mirrors/mirror-limits.ts';
import type { MirrorEntry } from '../../wire/mirrors/mirror-list.ts';

/** Lines of one list that are looked at. */
const maxLines = 1000;

/**
 * The mirrors of a list that a repository carries itself, in a blob below `refs/mirrors/` (docs/mirror-settings.md): one URL
 * a line, behind it maybe `region=DE` and `stratum=1`; lines that begin with `#` and empty ones are passed over, and so is
 * all that cannot be a URL. The URLs are not checked beyond that.
 */
export function decodeAnnouncedMirrors(text: string): readonly MirrorEntry[] {
  if (text.includes('\0')) return [];
  return text
    .split('\n', maxLines)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [url = '', ...words] = line.split(/[ \t]+/);
      const region = words.find((word) => /^region=[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/.test(word))?.slice('region='.length);
      const stratum = words.find((word) => /^stratum=\d{1,3}$/.test(word))?.slice('stratum='.length);
      return {
        url,
        ...(region === undefined ? {} : { region }),
        ...(stratum === undefined ? {} : { stratum: Number(stratum) }),
      };
    })
    .filter(({ url }) => url.length <= mirrorLimits.maxUrlLength && url.includes('://'));
}
