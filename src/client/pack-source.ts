import type { ObjectFormat } from '../core/object-id.ts';
import type { PackAnswer, PackRequest } from './pack-request.ts';
import type { RemoteRefs } from './remote-refs.ts';

/** Whatever lists refs and gives packs: an upload-pack service, or a plain file server made to look like one. */
export interface PackSource {
  readonly displayUrl: string;
  /** `v0`, `v1`, `v2`, or `dumb`. */
  readonly protocol: string;
  readonly objectFormat: ObjectFormat;
  /** Capabilities as the server wrote them. */
  readonly capabilities: readonly string[];
  /** Whether packs can be asked for with objects left out. */
  readonly canFilter: boolean;
  /** Whether commits can be asked for that no ref names. */
  readonly canWantAnyReachable: boolean;
  /** Whether it can be asked first which haves it knows ({@link PackRequest.negotiate}). */
  readonly canNegotiate: boolean;
  /** Whether several packs can be fetched at the same time. */
  readonly answersInParallel: boolean;
  /** Whether its packs are relayed; false when they are put together here, from a temporary store. */
  readonly relays: boolean;
  /**
   * Refs that begin with one of `prefixes`; `GM_PROTOCOL` for a shallow source, whose history cannot be copied whole.
   */
  listRefs(prefixes: readonly string[]): Promise<RemoteRefs>;
  /** Asks for a pack. `doing` names the purpose in errors: "fetching main from …". */
  fetchPack(request: PackRequest, doing: string): Promise<PackAnswer>;
  close(): Promise<void>;
}
