import { agentCapability } from '../client/agent.ts';
import { nullOid } from '../core/object-id.ts';
import type { ObjectId } from '../core/object-id.ts';
import { userAgent } from '../core/version.ts';
import { mirrorsCapability } from '../wire/mirrors/mirror-capability.ts';
import { sendMirrorList } from './answer-mirrors.ts';
import { peel } from './peel.ts';
import type { UploadSession } from './upload-session.ts';

/** The banner of protocol v2 (gitprotocol-v2, "Capability Advertisement"), in git's order. */
export async function advertiseV2(session: UploadSession): Promise<void> {
  const { config, exchange, reply, repository, sessionId } = session;
  reply.line('version 2').line(agentCapability(userAgent()));
  reply.line(config.unborn === 'advertise' ? 'ls-refs=unborn' : 'ls-refs');
  const fetch = ['shallow', 'wait-for-done'];
  if (config.allowFilter) fetch.push('filter');
  if (config.allowRefInWant) fetch.push('ref-in-want');
  if (config.allowSidebandAll) fetch.push('sideband-all');
  if (config.allowPackfileUris) fetch.push('packfile-uris');
  reply
    .line(`fetch=${fetch.join(' ')}`)
    .line('server-option')
    .line(`object-format=${repository.format}`);
  if (sessionId !== undefined) reply.line(`session-id=${sessionId}`);
  if (config.advertiseObjectInfo) reply.line('object-info');
  if (config.advertiseBundleUris) reply.line('bundle-uri');
  if (config.promisorRemotes !== undefined) reply.line(`promisor-remote=${config.promisorRemotes}`);
  if (exchange.mirrors !== undefined) reply.line(mirrorsCapability.v2);
  await reply.flush().send();
}

/**
 * The refs and capabilities of protocol v0 and v1 (gitprotocol-pack, "Reference Discovery"), in git's order. For a client
 * that asks for them the mirrors follow in a section of their own (docs/mirror-protocol.md).
 *
 * @param isStateless - whether the request comes with another connection, which allows `no-done`.
 */
export async function advertiseV0(session: UploadSession, isStateless: boolean): Promise<void> {
  const { refs, reply, repository, version } = session;
  if (version === 1) reply.line('version 1');
  let capabilities = `\0${v0Capabilities(session, isStateless)}`;
  const writeRef = (name: string, oid: ObjectId, peeledOid: ObjectId | null | undefined): void => {
    reply.line(`${oid} ${name}${capabilities}`);
    capabilities = '';
    if (peeledOid === null) return;
    const peeled = peeledOid ?? peel(repository.objects, oid);
    if (peeled !== undefined) reply.line(`${peeled} ${name}^{}`);
  };
  const head = refs.head();
  if (head?.oid !== undefined) writeRef('HEAD', head.oid, undefined);
  const slice = session.newSlice();
  for (const { name, oid, peeledOid } of refs.list('refs/')) {
    writeRef(name, oid, peeledOid);
    if (reply.isFull) await reply.send();
    if (slice.isOver()) await slice.pause();
  }
  if (capabilities !== '') reply.line(`${nullOid(repository.format)} capabilities^{}${capabilities}`);
  for (const oid of [...repository.shallow].sort()) {
    reply.line(`shallow ${oid}`);
    if (reply.isFull) await reply.send();
  }
  reply.flush();
  if (session.sendsMirrors) await sendMirrorList(session, { url: session.url });
  await reply.send();
}

function v0Capabilities(session: UploadSession, isStateless: boolean): string {
  const { config, refs, repository, sessionId } = session;
  const capabilities = [
    'multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative no-progress',
    'include-tag multi_ack_detailed',
  ];
  if (config.allowTipInWant) capabilities.push('allow-tip-sha1-in-want');
  if (config.allowReachableInWant) capabilities.push('allow-reachable-sha1-in-want');
  if (isStateless) capabilities.push('no-done');
  const head = refs.headTarget();
  if (head?.target !== undefined && head.oid !== undefined) capabilities.push(`symref=HEAD:${head.target}`);
  if (config.allowFilter) capabilities.push('filter');
  if (sessionId !== undefined) capabilities.push(`session-id=${sessionId}`);
  capabilities.push(`object-format=${repository.format}`, agentCapability(userAgent()));
  // Who asked must know whether to wait for a second section.
  if (session.sendsMirrors) capabilities.push(mirrorsCapability.v0);
  return capabilities.join(' ');
}
