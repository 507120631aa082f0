import type { ObjectNumber } from '../repository/object-number.ts';
import type { UploadSession } from './upload-session.ts';

/** What refs name that a client may ask for; also hidden ones, when the repository allows to ask for those. */
export function tipsOf({ config, refs, repository: { objects } }: UploadSession): ReadonlySet<ObjectNumber> {
  const tips = new Set<ObjectNumber>();
  const head = refs.head();
  if (head?.oid !== undefined) tips.add(objects.numberOf(head.oid));
  for (const { oid } of refs.list('refs/')) tips.add(objects.numberOf(oid));
  if (!config.allowAnyInWant && (config.allowTipInWant || config.allowReachableInWant)) {
    for (const oid of refs.hiddenOids()) tips.add(objects.numberOf(oid));
  }
  tips.delete(-1);
  return tips;
}
