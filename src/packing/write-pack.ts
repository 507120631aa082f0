import { encodePackHeader } from '../pack/pack-header.ts';
import { listCandidates, type CandidateList } from './delta-candidates.ts';
import { EntryWriter } from './entry-writer.ts';
import { applyFoundDeltas, type DeltasByIndex } from './found-deltas.ts';
import { PackOutput } from './pack-output.ts';
import { packWay, type PackPlan } from './pack-plan.ts';
import type { PackRequest, PackStatistics } from './pack-request.ts';
import { planReuse } from './plan-reuse.ts';
import { findWholePackByBitmaps, findWholePackByPlan, sendWholePack } from './whole-pack.ts';
import { orderForWriting } from './write-order.ts';

/**
 * Makes the pack (gitformat-pack) of a selection and writes it to the sink, trailer included.
 *
 * Like git when it packs for a client, it trusts what lies in packs: bytes that are copied are not inflated, nor is their
 * checksum looked at, because the client checks all of it against the objects' names (git does so only when it repacks).
 * Headers are checked while they are read, and what is compressed anew is checked by its zlib checksum.
 *
 * @throws GitMirrorError what reading objects throws (`GM_CORRUPT`, `GM_NOT_FOUND`, `GM_LIMIT`, `GM_SYSTEM`); the reason of
 * `signal`; what the sink fails with. The sink has then had a part of the pack, without its trailer.
 */
export async function writePack(request: PackRequest): Promise<PackStatistics> {
  const { settings, selection, ofsDelta, objects, sink, signal } = request;
  signal.throwIfAborted();
  const startMs = performance.now();
  // Without OFS_DELTA one has to look at each entry, whether it is one.
  const known = ofsDelta ? findWholePackByBitmaps(request) : undefined;
  if (known !== undefined) {
    const bytes = await sendWholePack(known, request);
    return {
      ...nothingReused,
      objects: selection.count,
      packReused: selection.count,
      packsReused: 1,
      bytes,
      ...elapsed(startMs, startMs),
    };
  }
  const plan = await planReuse(request);
  const list = await listCandidates(plan, request);
  const deltas = await searchDeltas(plan, list, request);
  const compressedMs = performance.now();
  const counts = countObjects(plan);
  const whole = findWholePackByPlan(plan, request);
  if (whole !== undefined) {
    return { ...counts, bytes: await sendWholePack(whole, request), ...elapsed(startMs, compressedMs) };
  }
  const output = new PackOutput(sink, objects.format);
  const header = encodePackHeader(selection.count);
  output.writeSmall(header, header.length);
  await new EntryWriter(plan, request, deltas, output).write(orderForWriting(plan, settings.allowPackReuse));
  return { ...counts, bytes: await output.finish(), ...elapsed(startMs, compressedMs) };
}

async function searchDeltas(plan: PackPlan, list: CandidateList, request: PackRequest): Promise<DeltasByIndex> {
  const { objects, settings, searcher, signal, onProgress } = request;
  const { candidates, targets: total } = list;
  if (total === 0 || candidates.count < 2 || settings.window === 0 || settings.depth === 0) return new Map();
  onProgress({ phase: 'compressing', done: 0, total });
  let found: DeltasByIndex = new Map();
  if (list.isWorthwhile) {
    const deltas = await searcher.search(objects, candidates, settings, {
      signal,
      onProgress: (done) => {
        onProgress({ phase: 'compressing', done, total });
      },
    });
    found = applyFoundDeltas(plan, request, list, deltas);
  }
  onProgress({ phase: 'compressing', done: total, total });
  return found;
}

const nothingReused = { deltas: 0, reused: 0, reusedDeltas: 0, packReused: 0, packsReused: 0 } as const;

type Counts = Omit<PackStatistics, 'bytes' | 'compressMs' | 'writeMs'>;

/** What git counts: what came from a pack with bitmaps is in `packReused` alone. */
function countObjects({ count, ways, bases, isPackReused }: PackPlan): Counts {
  let [deltas, reused, reusedDeltas, packReused] = [0, 0, 0, 0];
  for (let index = 0; index < count; index++) {
    if (isPackReused[index] === 1) {
      packReused++;
      continue;
    }
    const isDelta = (bases[index] ?? -1) >= 0;
    if (isDelta) deltas++;
    if (ways[index] !== packWay.copied) continue;
    reused++;
    if (isDelta) reusedDeltas++;
  }
  return { objects: count, deltas, reused, reusedDeltas, packReused, packsReused: packReused > 0 ? 1 : 0 };
}

function elapsed(startMs: number, compressedMs: number): Pick<PackStatistics, 'compressMs' | 'writeMs'> {
  return { compressMs: compressedMs - startMs, writeMs: performance.now() - compressedMs };
}
