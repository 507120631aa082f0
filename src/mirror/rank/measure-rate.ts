import { commandCapabilities } from '../../client/command-capabilities.ts';
import { openService } from '../../client/open-service.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { encodeFetchRequest } from '../../wire/fetch-v2.ts';
import { BoundedTally } from './bounded-tally.ts';
import { userAgent, type MeasureSettings } from './measure-reach.ts';

/** Of a pack no more is taken. */
const maxPackBytes = 1024 * 1024;
/** Less says more of the distance than of the line. */
const minPackBytes = 32 * 1024;
const maxAdvertisementBytes = 8 * 1024 * 1024;

/** How a mirror sends. */
export interface MirrorRate {
  /** From nothing to the first byte of its answer: measured once more, with nobody else being measured meanwhile. */
  readonly firstByteMs: number;
  /** Undefined where the pack is smaller than 32 KiB, and where the server does not speak version 2. */
  readonly bytesPerSecond?: number | undefined;
}

/**
 * The rate at which a mirror sends a pack: the first MiB of the files of one commit, `deepen 1`, so that the server has little
 * to count before it sends (gitprotocol-v2, "fetch"). When `signal` ends it meanwhile, what has come until then counts.
 *
 * @throws GitMirrorError as `openService`; the reason of `signal` when nothing has come yet
 */
export async function measureRate(url: string, tip: ObjectId, settings: MeasureSettings): Promise<MirrorRate> {
  const tally = new BoundedTally(maxAdvertisementBytes);
  const options = {
    endpoint: { url, followInfoRefsRedirect: false },
    userAgent,
    tally,
    env: settings.env,
    caFile: settings.caFile,
    signal: AbortSignal.any([settings.signal, tally.excess]),
  };
  const openedAtMs = performance.now();
  const service = await openService(options, 'git-upload-pack', 'source', 2);
  const firstByteMs = (tally.firstByteAtMs ?? performance.now()) - openedAtMs;
  // How long it thinks before it sends is no matter of its line, so the clock begins with the first bytes.
  tally.expectAnswer();
  let endedAtMs = 0;
  try {
    const { version, capabilities } = service.advertisement;
    if (version !== 2 || !capabilities.features('fetch').has('shallow')) return { firstByteMs };
    const reader = await service.exchange(
      encodeFetchRequest({
        capabilities: commandCapabilities(service.advertisement, userAgent),
        wants: [tip],
        deepen: 1,
        ofsDelta: true,
        noProgress: true,
        done: true,
      }),
    );
    while (tally.furtherBytes < maxPackBytes) {
      const packet = await reader.readOrEnd(`measuring ${service.connection.displayUrl}`);
      if (packet === undefined || packet.type === 'flush') break;
    }
  } catch (error) {
    if (!settings.signal.aborted || tally.furtherBytes === 0) throw error;
  } finally {
    endedAtMs = performance.now();
    await service.connection.close();
  }
  const { firstByteAtMs = Infinity, furtherBytes } = tally;
  if (furtherBytes < minPackBytes) return { firstByteMs };
  return { firstByteMs, bytesPerSecond: (furtherBytes / Math.max(1, endedAtMs - firstByteAtMs)) * 1000 };
}
