import { answerBundleUri } from './answer-bundle-uri.ts';
import { answerFetch } from './answer-fetch.ts';
import { answerLsRefs } from './answer-ls-refs.ts';
import { answerMirrorNotify, answerMirrors } from './answer-mirrors.ts';
import { answerObjectInfo } from './answer-object-info.ts';
import { requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';

const answers = {
  'ls-refs': answerLsRefs,
  fetch: answerFetch,
  'object-info': answerObjectInfo,
  'bundle-uri': answerBundleUri,
  mirrors: answerMirrors,
  'mirror-notify': answerMirrorNotify,
} as const;

type Command = keyof typeof answers;

/**
 * Reads the head of one request of protocol v2 (gitprotocol-v2, "Command Request") and answers it; false when the client
 * has said goodbye instead. Where the arguments begin is where the head ends: at a delimiter, or at the flush, which then
 * still comes.
 */
export async function answerV2Command(session: UploadSession): Promise<boolean> {
  const { packets, repository } = session;
  if (await packets.isOver()) return false;
  let command: Command | undefined;
  let seenAny = false;
  let clientFormat = 'sha1';
  for (;;) {
    const item = await packets.peek();
    if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
    if (item.type === 'response-end') throw requestError('unexpected response end packet');
    if (item.type === 'flush' && !seenAny) return false;
    if (item.type === 'flush') break;
    await packets.read();
    if (item.type !== 'line') break;
    seenAny = true;
    if (item.line.startsWith('command=')) command = commandOf(session, item.line, command);
    else clientFormat = takeCapability(session, item.line) ?? clientFormat;
  }
  if (command === undefined) throw requestError('no command requested');
  if (clientFormat !== repository.format) {
    throw requestError(`mismatched object format: server ${repository.format}; client ${clientFormat}`);
  }
  session.exchange.observer.facts({ command });
  await answers[command](session);
  return true;
}

function commandOf({ config, exchange }: UploadSession, line: string, before: Command | undefined): Command {
  const name = line.slice('command='.length);
  if (before !== undefined) {
    throw requestError(`command '${name}' requested after already requesting command '${before}'`);
  }
  const isOffered =
    name === 'ls-refs' ||
    name === 'fetch' ||
    (name === 'object-info' && config.advertiseObjectInfo) ||
    (name === 'bundle-uri' && config.advertiseBundleUris) ||
    ((name === 'mirrors' || name === 'mirror-notify') && exchange.mirrors !== undefined);
  if (!isOffered) throw requestError(`invalid command '${name}'`);
  return name;
}

/** Takes a line that is no command; returns the object format when it names one. */
function takeCapability({ config, exchange }: UploadSession, line: string): string | undefined {
  const equals = line.indexOf('=');
  const name = equals < 0 ? line : line.slice(0, equals);
  const value = equals < 0 ? undefined : line.slice(equals + 1);
  switch (name) {
    case 'agent':
      if (value !== undefined) exchange.observer.facts({ agent: value });
      return undefined;
    case 'server-option':
      return undefined;
    case 'object-format':
      if (value === undefined) throw requestError('object-format capability requires an argument');
      if (value !== 'sha1' && value !== 'sha256') throw requestError(`unknown object format '${value}'`);
      return value;
    case 'session-id':
      if (!config.advertiseSessionId) break;
      if (value !== undefined) exchange.observer.facts({ sessionId: value });
      return undefined;
    case 'promisor-remote':
      if (config.promisorRemotes === undefined) break;
      return undefined;
  }
  throw requestError(`unknown capability '${line}'`);
}
