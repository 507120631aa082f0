import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A thing the tests need that npm does not bring. */
interface Need {
  readonly what: string;
  /** Package of Debian and Ubuntu. */
  readonly debianPackage: string;
  readonly isThere: () => boolean;
}

/** Servers are in folders that an ordinary user's PATH leaves out. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
const apacheModules = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2'];
const neededModules = ['alias', 'auth_basic', 'authn_file', 'authz_core', 'cgi', 'env', 'mpm_event', 'proxy', 'ssl'];
const oldestGit = [2, 34] as const;

const needs: readonly Need[] = [
  { what: `git ${oldestGit.join('.')} or newer, with git http-backend`, debianPackage: 'git', isThere: hasGit },
  { what: 'gpg', debianPackage: 'gnupg', isThere: () => ['gpg', 'gpgconf'].every(hasProgram) },
  { what: 'openssl', debianPackage: 'openssl', isThere: () => hasProgram('openssl') },
  { what: 'sshd', debianPackage: 'openssh-server', isThere: () => hasProgram('sshd') },
  {
    what: 'ssh and ssh-keygen',
    debianPackage: 'openssh-client',
    isThere: () => ['ssh', 'ssh-keygen'].every(hasProgram),
  },
  { what: 'Apache 2.4 with its usual modules', debianPackage: 'apache2', isThere: hasApache },
  { what: 'java', debianPackage: 'default-jre-headless', isThere: () => hasProgram('java') },
  { what: 'JGit', debianPackage: 'jgit-cli', isThere: () => existsSync('/usr/share/java/org.eclipse.jgit.pgm.jar') },
  { what: 'pygit2', debianPackage: 'python3-pygit2', isThere: () => hasPythonModule('pygit2') },
  { what: 'dulwich', debianPackage: 'python3-dulwich', isThere: () => hasPythonModule('dulwich') },
];

/** What is missing on this machine for the tests, one line for each thing; empty when nothing is. */
export function missingNeeds(): readonly string[] {
  const missing = needs.filter(({ isThere }) => !isThere());
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))].join(' ');
  return [
    'The tests need programs that are not on this machine:',
    ...missing.map(({ what, debianPackage }) => `  ${what} (Debian package ${debianPackage})`),
    `On Debian and Ubuntu: apt-get install ${packages}`,
  ];
}

function hasProgram(name: string): boolean {
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}

/** Debian's modules are in its own Python, whatever other is first in PATH. */
function hasPythonModule(name: string): boolean {
  return spawnSync('/usr/bin/python3', ['-c', `import ${name}`]).status === 0;
}

function hasGit(): boolean {
  try {
    const text = execFileSync('git', ['version'], { encoding: 'utf8' });
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(text) ?? [];
    const isNewEnough =
      Number(major) > oldestGit[0] || (Number(major) === oldestGit[0] && Number(minor) >= oldestGit[1]);
    const execPath = execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim();
    return isNewEnough && existsSync(join(execPath, 'git-http-backend'));
  } catch {
    return false;
  }
}

function hasApache(): boolean {
  const modules = apacheModules.find((folder) => existsSync(folder));
  return (
    ['apache2', 'httpd'].some(hasProgram) &&
    modules !== undefined &&
    neededModules.every((name) => existsSync(join(modules, `mod_${name}.so`)))
  );
}
