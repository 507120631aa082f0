import { decodeUtf8, encodeUtf8 } from '../../core/bytes.ts';
import { GitMirrorError } from '../../core/error.ts';
import { isUrlText } from './mirror-fields.ts';

/** What `Git-Protocol` (or `GIT_PROTOCOL`) says about mirrors, in any version of the protocol. */
export interface MirrorKeys {
  /** Key `mirror`: in v0 and v1 the list of mirrors is to follow the advertisement. */
  readonly asksForMirrors: boolean;
  /** Key `url`: what the client calls the repository (row M6); undefined: by its path. */
  readonly url: string | undefined;
}

/**
 * The keys of a value of `Git-Protocol`, in order. They are separated by colons (git(1), `GIT_PROTOCOL`), and by `, ` where
 * HTTP has joined several headers, as when a user adds one by `http.extraHeader`.
 */
export function splitGitProtocol(gitProtocol: string): readonly string[] {
  return gitProtocol.split(/:|, /);
}

/**
 * The keys that are about mirrors; of several `url` the last counts.
 *
 * @throws GitMirrorError `GM_PROTOCOL` for a `url` that is none
 */
export function decodeMirrorKeys(gitProtocol: string): MirrorKeys {
  let asksForMirrors = false;
  let url: string | undefined;
  for (const key of splitGitProtocol(gitProtocol)) {
    if (key === 'mirror') asksForMirrors = true;
    else if (key.startsWith('url=')) url = decodeUrl(key.slice('url='.length));
  }
  return { asksForMirrors, url };
}

/** Whether the client names the repository by a URL, maybe one that makes no sense: git itself would not know what to do. */
export function namesUrl(gitProtocol: string): boolean {
  return splitGitProtocol(gitProtocol).some((key) => key.startsWith('url='));
}

/** Both keys as they stand behind `version=2:`; empty when there is nothing to say. */
export function encodeMirrorKeys({ asksForMirrors, url }: MirrorKeys): string {
  const keys = asksForMirrors ? ['mirror'] : [];
  if (url !== undefined) keys.push(`url=${encodeUrl(url)}`);
  return keys.join(':');
}

/** Colons, percent signs, blanks, and what is no printable ASCII as `%` and two digits. */
function encodeUrl(url: string): string {
  return Array.from(encodeUtf8(url), (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x3a && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`,
  ).join('');
}

function decodeUrl(text: string): string {
  const bytes = Buffer.from(
    text.replaceAll(/%([0-9a-fA-F]{2})/g, (_whole, hex: string) => escapeOf(hex)),
    'latin1',
  );
  const url = decodeUtf8(bytes);
  if (isUrlText(url) && !url.includes('\ufffd') && !/%(?![0-9a-fA-F]{2})/.test(text)) return url;
  throw new GitMirrorError(
    'GM_PROTOCOL',
    'the key url of Git-Protocol holds no URL: send it with colons, percent signs and blanks as % and two digits',
  );
}

function escapeOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}
