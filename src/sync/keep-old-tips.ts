import type { ObjectId } from '../core/object-id.ts';
import { nullOid } from '../core/object-id.ts';
import type { RefCommand } from '../wire/update-request.ts';
import type { RefPlan } from './result.ts';
import type { TargetRun } from './target-run.ts';

/** 2026-01-31T12:34:56.789Z → 20260131T123456Z */
function compactTime(now: Date): string {
  return now.toISOString().replace(/[-:]|\.\d+/g, '');
}

/**
 * Parks the tips that are about to be overwritten under `refs/git-mirror/kept/<time>/…` on the target, in a push of
 * its own: only when all of them are safe does the run go on.
 */
export async function keepOldTips(run: TargetRun, rewrites: readonly RefPlan[], now: Date): Promise<void> {
  if (rewrites.length === 0) return;
  const commands = rewrites.map(({ targetRef, targetHash }): RefCommand => ({
    ref: `refs/git-mirror/kept/${compactTime(now)}/${targetRef.slice('refs/'.length)}`,
    oldOid: nullOid(run.format),
    newOid: targetHash as ObjectId,
  }));
  await run.push(commands);
}
