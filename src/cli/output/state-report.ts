import type { MirrorVerification } from '../../mirror/state/verify-mirror.ts';
import type { StoredStatement } from '../../mirror/state/statement-store.ts';
import type { ReportSettings } from './report-settings.ts';
import type { StyleName } from './style.ts';

/** A statement as JSON output has it. */
export function describeStatement({ oid, statement }: StoredStatement): Readonly<Record<string, unknown>> {
  const { repository, sequence, digest, issuedAt, expiresAt, signers, previous } = statement;
  return {
    oid,
    repository,
    sequence,
    digest,
    issuedAt: new Date(issuedAt * 1000).toISOString(),
    expiresAt: new Date(expiresAt * 1000).toISOString(),
    signers,
    previous: previous ?? null,
  };
}

/** What was found out about a mirror, as JSON output has it. */
export function describeVerification(url: string, result: MirrorVerification): Readonly<Record<string, unknown>> {
  const { verdict, reason, state, newest, mirrorDigest, originDigest, originFault } = result;
  return {
    mirror: url,
    verdict,
    reason,
    mirrorDigest,
    originDigest: originDigest ?? null,
    originFault: originFault ?? null,
    state: state === undefined ? null : describeStatement(state),
    newest: newest === undefined ? null : describeStatement(newest),
  };
}

const styles: Readonly<Record<MirrorVerification['verdict'], StyleName>> = {
  fresh: 'green',
  stale: 'yellow',
  unsigned: 'yellow',
  'rolled-back': 'red',
  forged: 'red',
};

/** The same as lines for people. */
export function renderVerification(
  url: string,
  result: MirrorVerification,
  { paint, clean, verbose }: ReportSettings,
): readonly string[] {
  const { verdict, reason, mirrorDigest, originDigest, originFault } = result;
  return [
    `${clean(url)} is ${paint(styles[verdict], verdict.replace('-', ' '))}: ${clean(reason)}`,
    ...(originFault === undefined ? [] : [`The origin: ${clean(originFault)}`]),
    ...(verbose ? [`Refs of the mirror ${mirrorDigest}`, `Refs of the origin ${originDigest ?? 'unknown'}`] : []),
  ];
}
