import { isGitMirrorError, messageOf } from '../core/error.ts';
import type { ByteSink } from '../core/byte-sink.ts';
import type { PackRequest, PackStatistics } from '../packing/pack-request.ts';
import { readPackSettings } from '../packing/pack-settings.ts';
import type { PackSettings } from '../packing/pack-settings.ts';
import { findWholePackByBitmaps } from '../packing/whole-pack.ts';
import { writePack } from '../packing/write-pack.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { ObjectSelection, SelectionRequest } from '../walk/object-selection.ts';
import { commitTableOf } from '../walk/commit-table.ts';
import { selectObjects } from '../walk/select-objects.ts';
import type { FetchState } from './fetch-state.ts';
import { isRepeatable, packKey } from './pack-key.ts';
import { withoutElsewhere } from './packfile-uris.ts';
import type { PackfileUris } from './packfile-uris.ts';
import { ProgressLine } from './progress-line.ts';
import type { ShallowCut } from './shallow-cut.ts';
import { SidebandSink } from './sideband-sink.ts';
import type { UploadSession } from './upload-session.ts';

const abortMessage = 'aborting due to possible repository corruption on the remote side.';

/** What a pack is made of besides the state of the request. */
export interface PackOrder {
  readonly cut: ShallowCut;
  /** 65520 for `side-band-64k`, 1000 for `side-band`, 0 for no bands. */
  readonly maxPacketBytes: 0 | 1000 | 65_520;
  /** Blobs that the client fetches from elsewhere; their section stands in front of the pack then. */
  readonly packfileUris?: PackfileUris | undefined;
}

/**
 * Selects, compresses and sends what the client lacks, with progress on band 2, and a flush packet behind it where there
 * are bands. What goes wrong on the way is told on bands 2 and 3, as by git; without bands it is thrown, and what is a
 * fault of this program is thrown as well.
 */
export async function sendPack(session: UploadSession, state: FetchState, order: PackOrder): Promise<void> {
  const { exchange, config, reply } = session;
  await reply.send();
  const sink = new SidebandSink(exchange.output, order.maxPacketBytes);
  const timer = config.keepAliveSeconds === undefined ? undefined : keepAlive(sink, config.keepAliveSeconds);
  try {
    const statistics = await deliver(session, state, order, sink);
    if (!state.noProgress) sink.message(2, totalLine(statistics));
    await sink.end(true);
  } catch (error) {
    exchange.signal.throwIfAborted();
    if (!sink.hasBands || sink.hasFailed) throw error;
    exchange.observer.facts({ refusal: `${abortMessage} (${messageOf(error)})` });
    sink.message(2, `fatal: ${messageOf(error)}\n`);
    sink.message(3, abortMessage);
    await sink.end(false);
    // What is our own fault is for the log of the server.
    if (!isGitMirrorError(error) || error.code === 'GM_INTERNAL') throw error;
  } finally {
    clearInterval(timer);
  }
}

function keepAlive(sink: SidebandSink, seconds: number): NodeJS.Timeout {
  const quietMs = seconds * 1000;
  return setInterval(
    () => {
      if (performance.now() - sink.lastWriteMs >= quietMs) sink.keepAlive();
    },
    Math.min(1000, quietMs / 4),
  );
}

async function deliver(
  session: UploadSession,
  state: FetchState,
  order: PackOrder,
  sink: SidebandSink,
): Promise<PackStatistics> {
  const { exchange, repository } = session;
  const selection = selectionOf(session, state, order.cut);
  const settings = readPackSettings(repository.config);
  const build = (into: ByteSink, signal: AbortSignal): Promise<PackStatistics> =>
    buildPack(session, state, { order, selection, settings, sink, into, signal });
  let statistics: PackStatistics;
  if (exchange.cache !== undefined && isRepeatable(selection) && order.packfileUris === undefined) {
    const key = packKey(repository, selection, settings, state.ofsDelta);
    const startMs = performance.timeOrigin + performance.now();
    const delivered = await exchange.cache.deliver(key, sink, exchange.signal, build);
    exchange.observer.facts({ cache: delivered.outcome });
    if (delivered.outcome !== 'miss') {
      exchange.observer.phase('stream', startMs, performance.timeOrigin + performance.now());
    }
    ({ statistics } = delivered);
  } else {
    statistics = await build(sink, exchange.signal);
  }
  const { objects, deltas, reused, bytes } = statistics;
  exchange.observer.facts({ objects, deltas, reused, packBytes: bytes });
  return statistics;
}

interface Building {
  readonly order: PackOrder;
  readonly selection: SelectionRequest;
  readonly settings: PackSettings;
  /** The client's, for progress. */
  readonly sink: SidebandSink;
  readonly into: ByteSink;
  readonly signal: AbortSignal;
}

async function buildPack(session: UploadSession, state: FetchState, building: Building): Promise<PackStatistics> {
  const { repository, reply } = session;
  const { order, sink, signal } = building;
  const show = state.noProgress
    ? undefined
    : (text: string): void => {
        sink.message(2, text);
      };
  let selection = await session.timed('traverse', async () => {
    const enumerating = show && new ProgressLine('Enumerating objects', 0, show);
    const found = await selectObjects(repository, commitTableOf(repository), building.selection, { signal });
    const count = countedObjects(found);
    if (count > 0) enumerating?.finish(count);
    return found;
  });
  if (order.packfileUris !== undefined) {
    const { rest, lines } = withoutElsewhere(repository.objects, selection, order.packfileUris);
    selection = rest;
    if (lines.length > 0) {
      reply.line('packfile-uris');
      for (const line of lines) reply.line(line);
      reply.delim();
    }
    await reply.line('packfile').send();
  }
  const request = packRequest(session, state, building, selection, show);
  const count = countedObjects(selection);
  // Git does not count what it copies without a look at it.
  if (show && count > 0 && !(state.ofsDelta && findWholePackByBitmaps(request))) {
    new ProgressLine('Counting objects', count, show).finish();
  }
  const statistics = await writePack(request);
  reportPhases(session, statistics);
  return statistics;
}

/** Git counts what a thin pack may build on too. When it enumerates it counts some of that more than once; we do not. */
function countedObjects({ count, bases }: ObjectSelection): number {
  return count + bases.numbers.length;
}

function packRequest(
  { exchange, repository }: UploadSession,
  state: FetchState,
  { selection: asked, settings, into, signal }: Building,
  selection: ObjectSelection,
  show: ((text: string) => void) | undefined,
): PackRequest {
  let compressing: ProgressLine | undefined;
  return {
    objects: repository.objects,
    selection,
    settings,
    ofsDelta: state.ofsDelta,
    thin: asked.thin,
    searcher: exchange.searcher,
    sink: into,
    signal,
    onProgress: ({ phase, done, total }) => {
      if (show === undefined || phase !== 'compressing' || total === 0) return;
      compressing ??= new ProgressLine('Compressing objects', total, show);
      if (done < total) compressing.update(done);
      else compressing.finish();
    },
  };
}

function reportPhases({ exchange }: UploadSession, { compressMs, writeMs }: PackStatistics): void {
  const endMs = performance.timeOrigin + performance.now();
  exchange.observer.phase('compress', endMs - writeMs - compressMs, endMs - writeMs);
  exchange.observer.phase('stream', endMs - writeMs, endMs);
}

function selectionOf(session: UploadSession, state: FetchState, cut: ShallowCut): SelectionRequest {
  return {
    wants: state.wants,
    haves: state.haves.numbers,
    clientShallow: state.shallows,
    boundary: cut.boundary,
    unshallowed: cut.unshallowed,
    filter: state.filter,
    includeTags: state.includeTag ? annotatedTags(session) : [],
    thin: state.thinPack,
  };
}

/** All of them, also hidden ones and those of other namespaces: so does git. */
function annotatedTags({ repository: { refs, objects } }: UploadSession): readonly ObjectNumber[] {
  const tags: ObjectNumber[] = [];
  for (const { oid, peeledOid } of refs.list('refs/tags/')) {
    if (peeledOid === null) continue;
    const number = objects.numberOf(oid);
    if (number >= 0 && (peeledOid !== undefined || objects.typeOf(number) === 'tag')) tags.push(number);
  }
  return tags;
}

function totalLine({ objects, deltas, reused, reusedDeltas, packReused, packsReused }: PackStatistics): string {
  return (
    `Total ${String(objects)} (delta ${String(deltas)}), reused ${String(reused)} (delta ${String(reusedDeltas)}), ` +
    `pack-reused ${String(packReused)} (from ${String(packsReused)})\n`
  );
}
