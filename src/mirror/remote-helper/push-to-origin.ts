import type { ChildGit } from './child-git.ts';
import { ChildFailed } from './child-failed.ts';
import { originArguments, type Origin } from './origin-arguments.ts';
import { pushReport } from './push-report.ts';
import type { TransferOptions } from './transfer-options.ts';

/** Advice that the git above gives itself. */
const quietAdvice = ['-c', 'advice.pushUpdateRejected=false', '-c', 'advice.pushUnqualifiedRefName=false'];

/**
 * Pushes to the origin, with git-push(1).
 *
 * @param refspecs - `[+]<src>:<dst>`, one character a byte
 * @returns the answer to git: a line for each ref
 * @throws ChildFailed when git could not even tell what became of the refs: it has said why
 */
export async function pushToOrigin(
  git: ChildGit,
  origin: Origin,
  refspecs: readonly string[],
  options: TransferOptions,
): Promise<readonly string[]> {
  const { config, remote } = originArguments(origin);
  const args = [
    ...config,
    ...quietAdvice,
    'push',
    '--porcelain',
    // The git above has run its hook, and chosen tags and submodules.
    '--no-verify',
    '--no-follow-tags',
    '--recurse-submodules=no',
    options.progress ? '--progress' : '--no-progress',
    // With --quiet it would not tell what became of the refs.
    ...Array<string>(Math.max(0, Math.min(options.verbosity, 4) - 1)).fill('--verbose'),
    ...(options.family === 'ipv4' || options.family === 'ipv6' ? [`--${options.family}`] : []),
    ...(options.dryRun ? ['--dry-run'] : []),
    ...(options.force ? ['--force'] : []),
    options.atomic ? '--atomic' : '--no-atomic',
    options.pushCertificate === undefined
      ? '--no-signed'
      : `--signed=${options.pushCertificate === 'true' ? 'true' : options.pushCertificate}`,
    ...options.leases.map((lease) => `--force-with-lease=${lease}`),
    ...options.pushOptions.map((option) => `--push-option=${option}`),
    remote,
    ...refspecs,
  ];
  const outcome = await git.run(args, { hide: (line) => /^\S+ .*'.*'$/.test(line) && line.includes(origin.url) });
  const report = pushReport(outcome.stdout);
  if (report.length === 0) throw new ChildFailed(outcome.status === 0 ? 128 : outcome.status);
  return report;
}
