import { beginCommandRequest } from '../command-request.ts';
import { mirrorsCommand } from './mirror-capability.ts';
import { isCursor, isScheme, isUrlText, parseCount } from './mirror-fields.ts';
import { mirrorLimits } from './mirror-limits.ts';
import { NamedArguments } from './named-arguments.ts';
import type { MirrorQuery } from './mirror-list.ts';

const doing = 'reading a request for mirrors';

/** The request `mirrors` as bytes, freshly allocated. `capabilities` are `agent=…`, `object-format=…`. */
export function encodeMirrorQuery(query: MirrorQuery, capabilities: readonly string[]): Uint8Array {
  const { url, limit, after, protocols } = query;
  const writer = beginCommandRequest(mirrorsCommand, capabilities);
  if (url !== undefined) writer.line(`url=${url}`);
  if (limit !== undefined) writer.line(`limit=${limit}`);
  if (after !== undefined) writer.line(`after=${after}`);
  if (protocols !== undefined) writer.line(`protocols=${protocols.join(',')}`);
  return writer.flush().finish();
}

/** The query in the argument lines of such a request. `GM_PROTOCOL` for any that is not known or makes no sense. */
export function decodeMirrorQuery(lines: readonly string[]): MirrorQuery {
  const values = NamedArguments.read(doing, lines, ['url', 'limit', 'after', 'protocols']);
  return {
    url: values.get('url', 'a URL', (text) => (isUrlText(text) ? text : undefined)),
    limit: values.get('limit', 'a number', parseCount),
    after: values.get('after', 'a cursor', (text) => (isCursor(text) ? text : undefined)),
    protocols: values.get('protocols', 'names of protocols', parseProtocols),
  };
}

function parseProtocols(text: string): readonly string[] | undefined {
  const protocols = text.toLowerCase().split(',');
  return protocols.length <= mirrorLimits.maxProtocols && protocols.every(isScheme) ? protocols : undefined;
}
