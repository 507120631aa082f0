/**
 * Provides other versions of git for the tests: `npm run git-versions`. They come as packages of other releases of
 * Debian and are unpacked below .data/git-versions/<release>, with the libraries they need; nothing is installed on the
 * machine. Needs Debian's apt and dpkg-deb, but not root. What is there is not fetched again; ends with status 1 when
 * fewer than {@link neededGitVersions} versions, the system's own included, are there at the end.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { AptRelease } from './apt-release.ts';
import { gitVersions, gitVersionsFolder, neededGitVersions } from '../test/git-versions.ts';
import { wrapPrograms } from './wrap-programs.ts';

const run = promisify(execFile);

/** Releases of Debian, in their order: git 2.30, 2.47, and the newest there is. */
const releases = ['bullseye', 'trixie', 'sid'] as const;

/** Libraries of Perl, which only programs need that the tests do not run. */
const unneeded = /^lib(?:perl|db5|gdbm|error-perl|bz2)/;

/** Provides what is missing. Returns the releases that could not be had, each with the reason. */
export async function provideGitVersions(report: (line: string) => void): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const release of releases) {
    const folder = join(gitVersionsFolder, release);
    // The wrappers hold absolute paths, so a checkout that was moved makes them anew.
    if (existsSync(join(folder, 'complete'))) {
      await wrapPrograms(folder);
      continue;
    }
    report(`fetching the git of Debian ${release} …`);
    try {
      await provide(release, folder);
    } catch (error) {
      failures.push(`${release}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failures;
}

async function provide(release: string, folder: string): Promise<void> {
  const work = `${folder}.partial`;
  for (const path of [work, folder]) await rm(path, { recursive: true, force: true });
  const root = join(work, 'root');
  await mkdir(root, { recursive: true });
  const apt = await AptRelease.open(release, join(work, 'apt'));
  const packages = await apt.download('git', (name) => /^(?:git$|zlib1g|lib)/.test(name) && !unneeded.test(name));
  for (const path of packages) await run('dpkg-deb', ['--extract', path, root]);
  for (const name of ['usr/share/doc', 'usr/share/locale', 'usr/share/perl5']) {
    await rm(join(root, name), { recursive: true, force: true });
  }
  await rm(join(work, 'apt'), { recursive: true, force: true });
  await mkdir(dirname(folder), { recursive: true });
  await rename(work, folder);
  await wrapPrograms(folder);
  await run(join(folder, 'bin', 'git'), ['version']);
  await writeFile(join(folder, 'complete'), '');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const failures = await provideGitVersions((line) => {
    console.error(line);
  });
  for (const line of failures) console.error(line);
  const found = gitVersions();
  for (const { version, program } of found) console.log(`${version}\t${program}`);
  if (found.length < neededGitVersions) {
    console.error(`${found.length} versions of git are here, the tests need ${neededGitVersions}`);
    process.exitCode = 1;
  }
}
