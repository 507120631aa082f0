import { concatBytes } from '../../core/bytes.ts';
import { GitMirrorError } from '../../core/error.ts';
import { version } from '../../core/version.ts';
import { mediaType } from '../../transport/http/answer-text.ts';
import { HttpSession } from '../../transport/http/http-session.ts';
import { parseEndpoint } from '../../transport/parse-endpoint.ts';
import { decodeMirrorDocument } from '../../wire/mirrors/mirror-document.ts';
import { mirrorLimits } from '../../wire/mirrors/mirror-limits.ts';
import type { MirrorAnswer, MirrorQuery } from '../../wire/mirrors/mirror-list.ts';
import type { ListContext, ListSource } from './list-source.ts';

const timeoutMs = 10_000;

const isHttp = ({ url }: ListContext): boolean => parseEndpoint(url).transport === 'http';

/** `GET <url>/info/mirrors`: the same for servers that speak no version 2, or serve files alone. */
export const repositoryDocumentSource: ListSource = {
  name: 'info/mirrors',
  timeoutMs,
  suits: isHttp,
  ask: (query, context) => getDocument(query, context, (base) => `${base.href.replace(/\/+$/, '')}/info/mirrors`),
};

/** `GET /.well-known/git-mirrors?url=<url>` on the origin's host. */
export const hostDocumentSource: ListSource = {
  name: '.well-known/git-mirrors',
  timeoutMs,
  suits: isHttp,
  ask: (query, context) =>
    getDocument({ url: context.url, ...query }, context, (base) => `${base.origin}/.well-known/git-mirrors`),
};

async function getDocument(
  query: MirrorQuery,
  { git, url, caFile, signal }: ListContext,
  addressOf: (base: URL) => string,
): Promise<MirrorAnswer | undefined> {
  const parsed = parseEndpoint(url);
  if (parsed.transport !== 'http') return undefined;
  const base = new URL(parsed.target.url);
  base.search = '';
  // No credentials: those of the URL are left behind here.
  const session = new HttpSession(
    { url: base },
    {
      service: 'git-upload-pack',
      protocol: 2,
      role: 'source',
      userAgent: `git-mirror/${version}`,
      env: git.env,
      caFile,
      signal,
    },
  );
  try {
    const answer = await session.get(withQuery(addressOf(base), query), { accept: 'application/json' });
    if (answer.status >= 500) {
      await answer.body.return();
      throw new GitMirrorError('GM_REMOTE', `the server answered with status ${answer.status}`);
    }
    // A server that has other repositories says with a 404 which.
    const mayAnswer = answer.status === 200 || (answer.status === 404 && mediaType(answer) === 'application/json');
    if (!mayAnswer) {
      await answer.body.return();
      return undefined;
    }
    const document = decodeMirrorDocument(await readBounded(answer.body)).answer;
    return answer.status === 200 || document.kind === 'not-found' ? document : undefined;
  } finally {
    await session.close();
  }
}

function withQuery(address: string, { url, limit, after, protocols }: MirrorQuery): string {
  const target = new URL(address);
  const values = { url, limit: limit?.toString(), after, protocols: protocols?.join(',') };
  for (const [name, value] of Object.entries(values)) if (value !== undefined) target.searchParams.set(name, value);
  return target.href;
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > mirrorLimits.maxDocumentBytes) {
      throw new GitMirrorError('GM_LIMIT', `its answer is longer than ${mirrorLimits.maxDocumentBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}
