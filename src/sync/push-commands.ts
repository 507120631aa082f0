import { nullOid, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { RefCommand } from '../wire/update-request.ts';
import type { RefPlan } from './result.ts';

/**
 * The ref updates of a plan, in the order they are sent: deletes that make way for a create (`a` for `a/b` and the
 * reverse), then the branch that the source's HEAD names, since hosts take the first branch pushed for the default
 * one, then the rest, and last the other deletes.
 */
export function commandsOf(
  plans: readonly RefPlan[],
  format: ObjectFormat,
  sourceHead: string | undefined,
): readonly RefCommand[] {
  const created = new Set(plans.filter(({ action }) => action === 'create').map(({ targetRef }) => targetRef));
  const createdParents = new Set([...created].flatMap(parentNames));
  const ranked: { rank: number; command: RefCommand }[] = [];
  for (const { action, sourceRef, targetRef, sourceHash, targetHash } of plans) {
    if (action !== 'create' && action !== 'update' && action !== 'delete') continue;
    const command: RefCommand = {
      ref: targetRef,
      oldOid: targetHash === '' ? nullOid(format) : (targetHash as ObjectId),
      newOid: action === 'delete' ? nullOid(format) : (sourceHash as ObjectId),
    };
    const makesWay = createdParents.has(targetRef) || parentNames(targetRef).some((name) => created.has(name));
    const rank = action === 'delete' ? (makesWay ? 0 : 3) : sourceRef === sourceHead ? 1 : 2;
    ranked.push({ rank, command });
  }
  return ranked.sort((left, right) => left.rank - right.rank).map(({ command }) => command);
}

/** `refs/heads/a/b` → `refs/heads/a`, `refs/heads`, `refs`. */
function parentNames(name: string): readonly string[] {
  const names: string[] = [];
  for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) names.push(name.slice(0, end));
  return names;
}
