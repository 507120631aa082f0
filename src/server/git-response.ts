import { streamOf } from '../core/byte-stream.ts';
import type { GitResponse } from './git-backend.ts';
import { noCacheHeaders, type HeaderList } from './http-headers.ts';

/** A refusal as git-http-backend(1) sends it: a status that must not be cached, and no body unless there is `text`. */
export function refusal(status: number, text = '', headers: HeaderList = []): GitResponse {
  return {
    status,
    headers: [...headers, ...noCacheHeaders],
    body: text === '' ? streamOf() : streamOf(Buffer.from(text)),
  };
}

/** An answer that is known as a whole. */
export function wholeAnswer(contentType: string, content: Uint8Array, headers: HeaderList = []): GitResponse {
  return {
    status: 200,
    headers: [...headers, ['Content-Length', String(content.length)], ['Content-Type', contentType]],
    body: streamOf(content),
  };
}
