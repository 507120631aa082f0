import { GitMirrorError } from '../core/error.ts';
import { isNullOid } from '../core/object-id.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import { Capabilities, CapabilityLines } from './capabilities.ts';
import { throwIfErrorPacket } from './error-packet.ts';
import { textOf } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { badLineError, isReceivedRefName, parseOid, splitOid } from './protocol-line.ts';
import { invalidRef, RefList } from './ref-list.ts';
import type { AdvertisedRef, InvalidRef } from './ref-list.ts';

export type { AdvertisedRef, InvalidRef };

/** What a v0 or v1 server says first (gitprotocol-pack, "Reference Discovery"). */
export interface RefAdvertisement {
  readonly version: 0 | 1;
  /** In the order sent; `HEAD` among them when it points to a commit. */
  readonly refs: readonly AdvertisedRef[];
  readonly capabilities: Capabilities;
  /** Commits whose parents the server does not have. */
  readonly shallow: readonly ObjectId[];
  /** Objects the server has from elsewhere (`.have`). */
  readonly extraHaves: readonly ObjectId[];
  /** The first of the refs that were left out, and how many there were. */
  readonly invalidRefs: readonly InvalidRef[];
  readonly invalidRefCount: number;
  readonly objectFormat: ObjectFormat;
  /** The ref that `HEAD` points to, when the server says so. */
  readonly head?: string;
}

/** What a v2 server says first (gitprotocol-v2, "Capability Advertisement"). */
export interface CapabilityAdvertisement {
  readonly version: 2;
  readonly capabilities: Capabilities;
  readonly objectFormat: ObjectFormat;
}

/** Either of the two; tell them apart by `version`. */
export type Advertisement = RefAdvertisement | CapabilityAdvertisement;

/** Options of {@link AdvertisementDecoder}. */
export interface AdvertisementDecoderOptions {
  /** The service that a `# service=` section, if there is one, must name. */
  readonly service?: 'git-upload-pack' | 'git-receive-pack' | undefined;
  /** Lines of refs, shallow commits and `.have` accepted. Default `limits.maxRefs`. */
  readonly maxRefs?: number | undefined;
}

const doing = 'reading the advertisement of the remote';
const noRefs = 'capabilities^{}';
const peeledSuffix = '^{}';
const servicePrefix = '# service=';
const maxServiceLines = 64;

/**
 * begin → (service → begin)? → version 2: capabilities → complete
 *                            → version 1: first-ref
 *       first-ref → refs → shallow → complete
 */
type State = 'begin' | 'service' | 'begin-again' | 'first-ref' | 'refs' | 'shallow' | 'capabilities' | 'complete';

/**
 * Reads an advertisement of any version, packet by packet, with or without the `# service=` section that HTTP puts in
 * front (gitprotocol-http, "Smart Server Response"). Nothing else may be pushed once it is complete.
 *
 * Errors: `GM_REMOTE` the server sent an error packet; `GM_PROTOCOL` not an advertisement; `GM_OBJECT_FORMAT` an unknown
 * hash function; `GM_LIMIT` too many refs or capabilities. Refs with illegal names are left out and listed.
 */
export class AdvertisementDecoder {
  readonly #service: string | undefined;
  readonly #list: RefList;
  readonly #shallow: ObjectId[] = [];
  readonly #extraHaves: ObjectId[] = [];
  readonly #capabilityLines = new CapabilityLines();
  #state: State = 'begin';
  #version: 0 | 1 | 2 = 0;
  #capabilities = Capabilities.parseLines([]);
  #format: ObjectFormat = 'sha1';
  #serviceLines = 0;
  /** Name of the ref on the line before, kept or not: the only one a `^{}` line may belong to. */
  #lastName: string | undefined;
  #lastKept = false;

  constructor(options: AdvertisementDecoderOptions = {}) {
    this.#service = options.service;
    this.#list = new RefList(options.maxRefs);
  }

  /** Takes the next packet. True once the advertisement is complete. */
  push(packet: Packet): boolean {
    if (this.#state === 'complete') throw new GitMirrorError('GM_INTERNAL', `${doing}: it is complete already`);
    if (packet.type === 'data') {
      throwIfErrorPacket(packet.payload, doing);
      this.#line(packet.payload);
    } else if (packet.type === 'flush') {
      this.#flush();
    } else {
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.type} packet has no place in it`);
    }
    return this.#isComplete();
  }

  /** The whole advertisement. `GM_PROTOCOL` when it has not come to its end. */
  result(): Advertisement {
    if (!this.#isComplete()) throw new GitMirrorError('GM_PROTOCOL', `${doing}: it ended early`);
    const common = { capabilities: this.#capabilities, objectFormat: this.#format };
    if (this.#version === 2) return { version: 2, ...common };
    const symrefs = this.#symrefs();
    const head = symrefs.get('HEAD');
    const { refs, invalidRefs, invalidRefCount } = this.#list;
    return {
      version: this.#version,
      ...common,
      refs: symrefs.size === 0 ? refs : refs.map((ref) => withSymrefTarget(ref, symrefs.get(ref.name))),
      shallow: this.#shallow,
      extraHaves: this.#extraHaves,
      invalidRefs,
      invalidRefCount,
      ...(head !== undefined && { head }),
    };
  }

  #isComplete(): boolean {
    return this.#state === 'complete';
  }

  #flush(): void {
    if (this.#state === 'service') {
      this.#state = 'begin-again';
      return;
    }
    if (this.#state === 'capabilities') {
      this.#capabilities = Capabilities.parseLines(this.#capabilityLines.lines);
      this.#format = this.#capabilities.objectFormat();
    }
    // A flush alone is what very old servers send for a repository without refs.
    this.#state = 'complete';
  }

  #line(payload: Uint8Array): void {
    switch (this.#state) {
      case 'begin':
      case 'begin-again':
        this.#begin(payload);
        return;
      case 'service':
        // More lines may follow the first and say nothing to us.
        this.#serviceLines += 1;
        if (this.#serviceLines > maxServiceLines) throw badLineError(doing, 'a flush', textOf(payload));
        return;
      case 'capabilities':
        // Those that are passed over count as well, so that the answer has an end.
        this.#list.count();
        this.#capabilityLines.add(textOf(payload));
        return;
      case 'first-ref':
        this.#firstRef(payload);
        return;
      default:
        this.#refOrShallow(textOf(payload), payload);
    }
  }

  #begin(payload: Uint8Array): void {
    const line = textOf(payload);
    if (this.#state === 'begin' && line.startsWith(servicePrefix)) {
      const named = line.slice(servicePrefix.length);
      if (this.#service !== undefined && named !== this.#service) {
        throw badLineError(doing, `the service ${this.#service}`, named);
      }
      this.#state = 'service';
    } else if (line === 'version 2') {
      this.#version = 2;
      this.#state = 'capabilities';
    } else if (line === 'version 1') {
      this.#version = 1;
      this.#state = 'first-ref';
    } else if (line.startsWith('version ')) {
      throw badLineError(doing, 'protocol version 0, 1 or 2', line);
    } else {
      this.#firstRef(payload);
    }
  }

  #firstRef(payload: Uint8Array): void {
    const nul = payload.indexOf(0);
    if (nul >= 0) {
      this.#capabilities = Capabilities.parseList(textOf(payload.subarray(nul + 1)));
      this.#format = this.#capabilities.objectFormat();
    }
    const refPart = nul < 0 ? payload : payload.subarray(0, nul);
    const line = textOf(refPart);
    const dummy = splitOid(line, this.#format);
    if (dummy?.rest === noRefs && isNullOid(dummy.oid)) {
      this.#state = 'shallow';
      return;
    }
    this.#state = 'refs';
    this.#refOrShallow(line, refPart);
  }

  #refOrShallow(line: string, payload: Uint8Array): void {
    this.#list.count();
    const fields = this.#state === 'shallow' ? undefined : splitOid(line, this.#format);
    if (fields !== undefined) {
      // Capabilities are read from the first line only; behind a later NUL they are ignored, as git does.
      const nul = fields.rest.indexOf('\0');
      this.#ref(nul < 0 ? fields.rest : fields.rest.slice(0, nul), fields.oid, payload);
      return;
    }
    const shallow = line.startsWith('shallow ') ? parseOid(line.slice('shallow '.length), this.#format) : undefined;
    if (shallow === undefined) throw badLineError(doing, `a ref with a ${this.#format} name`, line);
    this.#state = 'shallow';
    this.#shallow.push(shallow);
  }

  #ref(name: string, oid: ObjectId, payload: Uint8Array): void {
    if (name === '.have') {
      this.#extraHaves.push(oid);
      return;
    }
    if (name === noRefs) throw badLineError(doing, 'a ref', name);
    const { refs } = this.#list;
    if (name.endsWith(peeledSuffix) && name.slice(0, -peeledSuffix.length) === this.#lastName) {
      const tag = refs.at(-1);
      if (this.#lastKept && tag !== undefined) refs[refs.length - 1] = { ...tag, peeled: oid };
      return;
    }
    this.#lastName = name;
    this.#lastKept = isReceivedRefName(name, payload) && !isNullOid(oid);
    if (this.#lastKept) refs.push({ name, oid });
    else this.#list.addInvalid(invalidRef(name));
  }

  /** Targets of symbolic refs by name (gitprotocol-capabilities, "symref"); those that are not legal are passed over. */
  #symrefs(): ReadonlyMap<string, string> {
    const targets = new Map<string, string>();
    for (const value of this.#capabilities.values('symref')) {
      const colon = value.indexOf(':');
      const name = value.slice(0, colon);
      const target = value.slice(colon + 1);
      if (colon > 0 && isValidRefName(name) && isValidRefName(target)) targets.set(name, target);
    }
    return targets;
  }
}

function withSymrefTarget(ref: AdvertisedRef, symrefTarget: string | undefined): AdvertisedRef {
  return symrefTarget === undefined ? ref : { ...ref, symrefTarget };
}
