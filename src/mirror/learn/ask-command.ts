import { commandCapabilities } from '../../client/command-capabilities.ts';
import { openService } from '../../client/open-service.ts';
import { version } from '../../core/version.ts';
import { parseEndpoint } from '../../transport/parse-endpoint.ts';
import { MirrorAnswerDecoder } from '../../wire/mirrors/mirror-answer.ts';
import { mirrorsCommand } from '../../wire/mirrors/mirror-capability.ts';
import { encodeMirrorQuery } from '../../wire/mirrors/mirror-query.ts';
import { BoundedTally } from '../rank/bounded-tally.ts';
import { anonymousUrl } from './anonymous-url.ts';
import type { ListSource } from './list-source.ts';

/** Bytes that a server may send. One that speaks no version 2 begins to list its refs instead, which is of no use here. */
const maxBytes = 4 * 1024 * 1024;

/** Sent to the origin. */
const userAgent = `git-mirror/${version}`;

/** The command `mirrors` of protocol version 2 (docs/mirror-protocol.md): over HTTP without credentials, over ssh without a question. */
export const mirrorsCommandSource: ListSource = {
  name: "the server's command mirrors",
  timeoutMs: 10_000,
  suits: ({ url }) => {
    const { transport } = parseEndpoint(url);
    // What is on this machine is read by the git that is installed here, which knows no mirrors.
    return transport === 'http' || transport === 'git' || transport === 'ssh';
  },
  ask: async (query, { git, url, caFile, signal }) => {
    const tally = new BoundedTally(maxBytes);
    const both = AbortSignal.any([signal, tally.excess]);
    const options = { endpoint: { url: anonymousUrl(url) }, userAgent, caFile, env: git.env, tally, signal: both };
    const service = await openService(options, 'git-upload-pack', 'source', 2);
    try {
      const { advertisement } = service;
      if (advertisement.version !== 2 || !advertisement.capabilities.features(mirrorsCommand).has('list')) {
        return undefined;
      }
      const reader = await service.exchange(encodeMirrorQuery(query, commandCapabilities(advertisement, userAgent)), {
        isLast: true,
      });
      const decoder = new MirrorAnswerDecoder();
      while (!decoder.push(await reader.read('reading the mirrors that the origin lists')));
      return decoder.result();
    } finally {
      await service.connection.close();
    }
  },
};
