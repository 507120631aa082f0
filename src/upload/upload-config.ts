import { encodeUtf8 } from '../core/bytes.ts';
import { isObjectId } from '../core/object-id.ts';
import type { ObjectId } from '../core/object-id.ts';
import { readHiddenRefs } from '../repository/refs/hidden-refs.ts';
import type { HiddenRefs } from '../repository/refs/hidden-refs.ts';
import type { GitConfig } from '../repository/git-config.ts';
import type { Repository } from '../repository/repository.ts';
import { requestError } from './upload-error.ts';
import { FilterPolicy } from './filter-policy.ts';

/** A blob that clients get from elsewhere (uploadpack.blobPackfileUri). */
export interface BlobPackfileUri {
  readonly oid: ObjectId;
  /** Hash of the pack it is in. */
  readonly packHash: string;
  readonly uri: string;
}

/** What the configuration of a repository says about serving it (git-config(1), `uploadpack.*`, `transfer.*` …). */
export interface UploadConfig {
  readonly hiddenRefs: HiddenRefs;
  readonly allowTipInWant: boolean;
  readonly allowReachableInWant: boolean;
  readonly allowAnyInWant: boolean;
  readonly allowFilter: boolean;
  readonly filterPolicy: FilterPolicy;
  readonly allowRefInWant: boolean;
  readonly allowSidebandAll: boolean;
  /** Whether `packfile-uris` is offered; the entries are read when a client asks for them. */
  readonly allowPackfileUris: boolean;
  readonly advertiseSessionId: boolean;
  readonly advertiseObjectInfo: boolean;
  readonly advertiseBundleUris: boolean;
  readonly unborn: 'ignore' | 'allow' | 'advertise';
  /** Undefined: none are sent. */
  readonly keepAliveSeconds: number | undefined;
  /** Value of the capability `promisor-remote`; undefined when there is nothing to say. */
  readonly promisorRemotes: string | undefined;
}

/** @throws GitMirrorError `GM_CORRUPT` for values that make no sense, as git refuses to go on too. */
export function readUploadConfig({ config }: Repository): UploadConfig {
  const isTrue = (key: string): boolean => config.getBoolean(key) ?? false;
  const allowAnyInWant = isTrue('uploadpack.allowanysha1inwant');
  const keepAliveSeconds = config.getInteger('uploadpack.keepalive') ?? 5;
  return {
    hiddenRefs: readHiddenRefs(config),
    allowTipInWant: allowAnyInWant || isTrue('uploadpack.allowtipsha1inwant'),
    allowReachableInWant: allowAnyInWant || isTrue('uploadpack.allowreachablesha1inwant'),
    allowAnyInWant,
    allowFilter: isTrue('uploadpack.allowfilter'),
    filterPolicy: FilterPolicy.read(config),
    allowRefInWant: isTrue('uploadpack.allowrefinwant'),
    allowSidebandAll: isTrue('uploadpack.allowsidebandall'),
    allowPackfileUris: config.get('uploadpack.blobpackfileuri') !== undefined,
    advertiseSessionId: isTrue('transfer.advertisesid'),
    advertiseObjectInfo: isTrue('transfer.advertiseobjectinfo'),
    advertiseBundleUris: isMaybeTrue(config, 'uploadpack.advertisebundleuris'),
    unborn: unbornSetting(config),
    keepAliveSeconds: keepAliveSeconds > 0 ? keepAliveSeconds : undefined,
    promisorRemotes: isTrue('promisor.advertise') ? promisorRemotes(config) : undefined,
  };
}

/** As {@link GitConfig.getBoolean}; what is no boolean counts as unset. */
function isMaybeTrue(config: GitConfig, key: string): boolean {
  try {
    return config.getBoolean(key) ?? false;
  } catch {
    return false;
  }
}

function unbornSetting(config: GitConfig): UploadConfig['unborn'] {
  const value = config.get('lsrefs.unborn') ?? 'advertise';
  if (value === 'advertise' || value === 'allow' || value === 'ignore') return value;
  throw requestError(`invalid value for 'lsrefs.unborn': '${value}'`);
}

/** gitprotocol-v2, "promisor-remote". */
function promisorRemotes(config: GitConfig): string | undefined {
  const remotes: string[] = [];
  for (const name of config.subsections('remote')) {
    const isPromisor =
      config.getBoolean(`remote.${name}.promisor`) === true ||
      config.get(`remote.${name}.partialclonefilter`) !== undefined ||
      config.get('extensions.partialclone') === name;
    const url = config.get(`remote.${name}.url`);
    if (isPromisor && url !== undefined && url !== '') remotes.push(`name=${urlEncode(name)},url=${urlEncode(url)}`);
  }
  return remotes.length === 0 ? undefined : remotes.join(';');
}

function urlEncode(text: string): string {
  return Array.from(encodeUtf8(text), (byte) =>
    byte > 0x20 && byte < 0x7f && !',;%'.includes(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}

/** The blobs that are to be had elsewhere. A malformed value ends the exchange, as it ends git's. */
export function readBlobPackfileUris({ config, format }: Repository): readonly BlobPackfileUri[] {
  return config.getAll('uploadpack.blobpackfileuri').map((value) => {
    const [oid = '', packHash = '', ...rest] = value.split(' ');
    if (isObjectId(oid, format) && isObjectId(packHash, format) && rest.length > 0) {
      return { oid, packHash, uri: rest.join(' ') };
    }
    throw requestError(
      `value of uploadpack.blobpackfileuri must be of the form '<object-hash> <pack-hash> <uri>' (got '${value}')`,
    );
  });
}
