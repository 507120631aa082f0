import type { RemoteListing } from '../list-remote.ts';

/**
 * The answer to `list`: the object format where one can tell, HEAD first, then all refs, tags with what they lead to, and
 * an empty line (gitremote-helpers(7), "REF LIST KEYWORDS").
 */
export function encodeRefList({ refs, headOid, headTarget }: RemoteListing): string {
  const sample = headOid ?? refs[0]?.oid;
  const lines = [];
  if (sample !== undefined) lines.push(`:object-format ${sample.length === 64 ? 'sha256' : 'sha1'}`);
  if (headTarget !== undefined && refs.some(({ name }) => name === headTarget)) lines.push(`@${headTarget} HEAD`);
  else if (headOid !== undefined) lines.push(`${headOid} HEAD`);
  for (const { name, oid, peeledOid } of refs) {
    lines.push(`${oid} ${name}`);
    if (peeledOid !== undefined) lines.push(`${peeledOid} ${name}^{}`);
  }
  return `${lines.join('\n')}\n\n`;
}
