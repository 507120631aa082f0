import { nullOid } from '../core/object-id.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import type { AdvertisedRef } from './advertisement.ts';
import type { Capabilities } from './capabilities.ts';
import { PacketWriter } from './pkt-line.ts';

/** Output is handed on in pieces of about this size. */
const pieceBytes = 64 * 1024;

/** What {@link encodeRefAdvertisement} writes; the result of the decoder fits. */
export interface RefAdvertisementSource {
  readonly version: 0 | 1;
  readonly refs: Iterable<AdvertisedRef>;
  readonly capabilities: Capabilities;
  readonly shallow?: Iterable<ObjectId>;
  readonly extraHaves?: Iterable<ObjectId>;
  readonly objectFormat: ObjectFormat;
}

/**
 * The advertisement of protocol v0 or v1 (gitprotocol-pack, "Reference Discovery") in pieces of about 64 KiB, each
 * owned by the consumer. Without refs and capabilities it is a flush alone. With `service` the `# service=` section of smart HTTP stands in front.
 */
export function* encodeRefAdvertisement(
  source: RefAdvertisementSource,
  options: { readonly service?: 'git-upload-pack' | 'git-receive-pack' } = {},
): Generator<Uint8Array, void, void> {
  const writer = new PacketWriter(pieceBytes + 1024);
  if (options.service !== undefined) writer.line(`# service=${options.service}`).flush();
  if (source.version === 1) writer.line('version 1');
  const list = source.capabilities.formatList();
  let capabilities: string | undefined = list === '' ? undefined : `\0${list}`;
  for (const line of refLines(source)) {
    writer.line(line + (capabilities ?? ''));
    capabilities = undefined;
    if (writer.length >= pieceBytes) yield writer.finish();
  }
  if (capabilities !== undefined) writer.line(`${nullOid(source.objectFormat)} capabilities^{}${capabilities}`);
  for (const oid of source.shallow ?? []) {
    writer.line(`shallow ${oid}`);
    if (writer.length >= pieceBytes) yield writer.finish();
  }
  yield writer.flush().finish();
}

function* refLines(source: RefAdvertisementSource): Generator<string, void, void> {
  for (const { name, oid, peeled } of source.refs) {
    yield `${oid} ${name}`;
    if (peeled !== undefined) yield `${peeled} ${name}^{}`;
  }
  for (const oid of source.extraHaves ?? []) yield `${oid} .have`;
}

/** The banner of protocol v2 (gitprotocol-v2, "Capability Advertisement"). git puts no `# service=` section in front. */
export function encodeCapabilityAdvertisement(capabilities: Capabilities): Uint8Array {
  const writer = new PacketWriter().line('version 2');
  for (const line of capabilities.formatLines()) writer.line(line);
  return writer.flush().finish();
}
