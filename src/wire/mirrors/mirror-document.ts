import { decodeUtf8 } from '../../core/bytes.ts';
import { GitMirrorError } from '../../core/error.ts';
import { MirrorAnswerBuilder } from './mirror-answer-builder.ts';
import { checkedEntry, isCount, isListedUrl, isPreferMirrors, isRefDigest } from './mirror-fields.ts';
import { mirrorLimits } from './mirror-limits.ts';
import type { MirrorAnswer } from './mirror-list.ts';

/** What `GET <repository>/info/mirrors` and `/.well-known/git-mirrors` say (docs/mirror-protocol.md, "JSON"). */
export interface MirrorDocument {
  readonly answer: MirrorAnswer;
  /** The URL under which the server that answers serves the repository. */
  readonly url?: string | undefined;
  /** Ref digest of the repository there, as it is now. */
  readonly digest?: string | undefined;
}

const doing = 'reading the document that lists mirrors';

/** The document as JSON text with a line end. */
export function encodeMirrorDocument({ answer, url, digest }: MirrorDocument): string {
  const own = { url, digest };
  if (answer.kind === 'not-found') return toText({ notFound: true, valid: answer.valid, ...own });
  const { canonical, prefer, mirrors, more } = answer.list;
  return toText({
    canonical,
    preferMirrors: prefer,
    mirrors: mirrors.map(({ ttlSeconds, ...entry }) => ({ ...entry, ttl: ttlSeconds })),
    more,
    ...own,
  });
}

function toText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/**
 * Reads such a document. Unknown keys are passed over, and so are URLs and attributes that make no sense; what has the wrong
 * shape is an error.
 *
 * @param text - at most `mirrorLimits.maxDocumentBytes`
 * @throws GitMirrorError `GM_PROTOCOL` for what is no such document; `GM_LIMIT` for one that is too large or lists too much
 */
export function decodeMirrorDocument(text: Uint8Array): MirrorDocument {
  if (text.length > mirrorLimits.maxDocumentBytes) {
    throw new GitMirrorError('GM_LIMIT', `${doing}: it has more than ${mirrorLimits.maxDocumentBytes} bytes`);
  }
  const document = objectOf(parse(text), 'it');
  const builder = new MirrorAnswerBuilder();
  const each = (key: string, take: (value: unknown) => void): void => {
    for (const value of listOf(document[key], key)) {
      builder.count();
      take(value);
    }
  };
  if (document['notFound'] === true) builder.setNotFound();
  each('valid', (url) => {
    builder.addValid(textOf(url, 'valid'));
  });
  each('canonical', (url) => {
    builder.addCanonical(textOf(url, 'canonical'));
  });
  each('mirrors', (value) => {
    const { url, ttl, state, digest, region, stratum } = objectOf(value, 'an entry of mirrors');
    builder.addMirror(checkedEntry({ url, ttlSeconds: ttl, state, digest, region, stratum }));
  });
  const { preferMirrors, more, url, digest } = document;
  if (isPreferMirrors(preferMirrors)) builder.setPrefer(preferMirrors);
  if (more !== undefined) {
    const { count, cursor } = objectOf(more, 'more');
    builder.setMore(isCount(count) ? count : undefined, textOf(cursor, 'cursor'));
  }
  return {
    answer: builder.answer(),
    ...(typeof url === 'string' && isListedUrl(url) && { url }),
    ...(typeof digest === 'string' && isRefDigest(digest) && { digest }),
  };
}

function parse(text: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(text));
  } catch {
    throw new GitMirrorError('GM_PROTOCOL', `${doing}: it is no JSON`);
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new GitMirrorError('GM_PROTOCOL', `${doing}: ${what} is no object`);
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new GitMirrorError('GM_PROTOCOL', `${doing}: ${what} is no list`);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new GitMirrorError('GM_PROTOCOL', `${doing}: ${what} holds what is no text`);
}
