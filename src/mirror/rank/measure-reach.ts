import { SourceSession } from '../../client/source-session.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { version } from '../../core/version.ts';
import { parseEndpoint, type ParsedEndpoint } from '../../transport/parse-endpoint.ts';
import { proxyFor } from '../../transport/http/proxy-settings.ts';
import type { ListedRef } from '../list-remote.ts';
import { BoundedTally } from './bounded-tally.ts';
import { measureConnect } from './measure-connect.ts';

/** How far a mirror is, and what it has. */
export interface MirrorReach {
  /** One round trip: a TCP connection. Undefined where there is none to be made, such as behind a proxy. */
  readonly connectMs?: number | undefined;
  /** From nothing to the first byte of its answer. */
  readonly firstByteMs: number;
  /** Its branches and their tips; undefined where they are not to be had without a login (ssh). */
  readonly branches?: ReadonlyMap<string, ObjectId> | undefined;
  /** A commit that it can be asked for. */
  readonly tip?: ObjectId | undefined;
}

/** What everything that is measured needs to know. */
export interface MeasureSettings {
  /** Proxy and TLS settings are taken from it. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly caFile?: string | undefined;
  /** Ends this measurement; its time limit is part of it. */
  readonly signal: AbortSignal;
}

/** Sent to mirrors. */
export const userAgent = `git-mirror/${version}`;

const maxListingBytes = 8 * 1024 * 1024;
const sshPort = 22;

/**
 * Connects to a mirror and lists its branches: without credentials, without following redirects, at most 8 MiB. Of an ssh
 * mirror only the greeting is waited for.
 *
 * @throws GitMirrorError as `SourceSession`; the reason of `signal`
 */
export async function measureReach(url: string, settings: MeasureSettings): Promise<MirrorReach> {
  const parsed = parseEndpoint(url);
  if (parsed.transport === 'ssh') {
    const address = [parsed.host, parsed.port ?? sshPort] as const;
    const { connectMs, firstByteMs } = await measureConnect(...address, { ...settings, waitsForByte: true });
    return { connectMs, firstByteMs: firstByteMs ?? connectMs };
  }
  const address = addressOf(parsed, settings.env);
  const connected =
    address === undefined ? undefined : await measureConnect(...address, { ...settings, waitsForByte: false });
  const tally = new BoundedTally(maxListingBytes);
  const beganAtMs = performance.now();
  const session = await SourceSession.open(
    {
      endpoint: { url, followInfoRefsRedirect: false },
      userAgent,
      tally,
      env: settings.env,
      caFile: settings.caFile,
      signal: AbortSignal.any([settings.signal, tally.excess]),
    },
    2,
  );
  try {
    const firstByteMs = (tally.firstByteAtMs ?? performance.now()) - beganAtMs;
    const { refs, head } = await session.listRefs(['refs/heads/']);
    const branches = branchesOf(refs);
    const tip = (head === undefined ? undefined : branches.get(head)) ?? refs[0]?.oid;
    return { connectMs: connected?.connectMs, firstByteMs, branches, tip };
  } finally {
    await session.close();
  }
}

/** The branches among some refs, and their tips. */
export function branchesOf(refs: readonly Pick<ListedRef, 'name' | 'oid'>[]): ReadonlyMap<string, ObjectId> {
  return new Map(refs.filter(({ name }) => name.startsWith('refs/heads/')).map(({ name, oid }) => [name, oid]));
}

/** Host and port that are connected to; none for what is on this machine, or is reached through a proxy. */
function addressOf(
  parsed: ParsedEndpoint,
  env: Readonly<NodeJS.ProcessEnv>,
): readonly [host: string, port: number] | undefined {
  if (parsed.transport === 'git') return [parsed.host, parsed.port];
  if (parsed.transport !== 'http') return undefined;
  const { url } = parsed.target;
  if (proxyFor(url, env) !== undefined) return undefined;
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return [url.hostname.replace(/^\[|\]$/g, ''), port];
}
