import { GitMirrorError } from '../../core/error.ts';

/** Words of the command line for the fields of a request that the library complains about. */
const words: Readonly<Record<string, string>> = {
  'source.url': '<source>',
  'target.url': '<target>',
  targets: '<target>',
  scenarios: '--scenario',
  runs: '--runs',
  commits: '--commits',
  targetsDir: '--targets-dir',
  'scope.branches': '--branch',
  'scope.mappings': '--map',
  'scope.allRefs': '--all-refs',
  'scope.excludeRefPrefixes': '--exclude-ref-prefix',
  'scope.excludeRefs': '--exclude-ref',
  allRefs: '--all-refs',
  refPrefixes: '--ref-prefix',
  excludeRefPrefixes: '--exclude-ref-prefix',
  'policy.mode': '--mode',
  'policy.includeTags': '--tags',
  'policy.force': '--force',
  'policy.forceWithLease': '--force-with-lease',
  'policy.forceBlind': '--force-blind',
  'policy.prune': '--prune',
  'policy.bestEffort': '--best-effort',
  'policy.atomic': '--atomic',
  'policy.pushOptions': '--push-option',
  'policy.onRewrite': '--on-rewrite',
  'policy.maxPrunePercent': '--max-prune-percent',
  'policy.protocol': '--protocol',
  'advanced.maxPackBytes': '--max-pack-bytes',
  'advanced.targetMaxPackBytes': '--target-max-pack-bytes',
  'advanced.targetMaxRefUpdates': '--target-max-ref-updates',
  'advanced.materializedMaxObjects': '--materialized-max-objects',
  'advanced.materializedMaxBytes': '--materialized-max-bytes',
  'advanced.bootstrapOrder': '--bootstrap-strategy',
  'advanced.temporaryDirectory': '--temporary-directory',
  'advanced.slowTargetMs': '--slow-target-ms',
};

/**
 * A usage error of the library with the field in front of its message as the person wrote it: `policy.atomic …`
 * becomes `--atomic …`. `details.field` stays. Any other error as it is.
 */
export function nameFlagOf(error: GitMirrorError): GitMirrorError {
  const { field } = error.details;
  if (error.code !== 'GM_USAGE' || typeof field !== 'string' || !error.message.startsWith(field)) return error;
  // scope.mappings[1].target → scope.mappings; targets[0].url → targets
  const word = words[field] ?? words[field.replace(/\[.*$/, '')];
  if (word === undefined) return error;
  return new GitMirrorError(error.code, word + error.message.slice(field.length), {
    details: error.details,
    cause: error.cause,
  });
}
