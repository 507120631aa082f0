import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GitProgram } from '../git-program.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';

/** What git may use to get to a mirror that a person named. */
const personalProtocols = 'file:git:http:https:ssh';

/** Settings about HTTP that say who somebody is, or where else to go: none of them is for a mirror. */
const httpResets: readonly (readonly [string, string])[] = [
  ['extraHeader', ''],
  ['cookieFile', ''],
  ['saveCookies', 'false'],
  ['followRedirects', 'false'],
  ['emptyAuth', 'false'],
  ['delegation', 'none'],
];

/**
 * Flags of git(1) under which it asks a mirror: no credentials, no redirects, none of the user's hooks, no URL rewritten
 * that came from the network.
 *
 * Settings of the same name for one URL are reset with the whole URL in the key, since the longest one wins
 * (git-config(1), `http.<url>.*`).
 */
export function isolatedFlags(git: GitProgram, { url, scheme, isUsers }: MirrorCandidate): readonly string[] {
  const settings: string[] = [
    ...settingsAtHome(git, scheme),
    'core.hooksPath=/dev/null',
    'core.askPass=',
    'credential.helper=',
    'credential.interactive=false',
    'fetch.writeCommitGraph=false',
    // So that what arrives is one file that grows, and can be measured.
    'fetch.unpackLimit=1',
    'transfer.unpackLimit=1',
    ...(isUsers ? [] : [`url.${url}.insteadOf=${url}`]),
  ];
  if (scheme === 'http' || scheme === 'https') {
    for (const [name, value] of httpResets) settings.push(`http.${name}=${value}`, `http.${url}.${name}=${value}`);
  }
  return settings.flatMap((setting) => ['-c', setting]);
}

/** For mirrors that some server named: whatever is set for one's own hosts does not matter there. */
const batchSsh = 'ssh -o BatchMode=yes -o ForwardAgent=no';

/** Changes to the environment under which git asks a mirror: it asks nobody, and goes nowhere else. */
export function isolatedEnvironment(
  git: GitProgram,
  { scheme, isUsers }: MirrorCandidate,
): Readonly<Record<string, string | undefined>> {
  const needsSsh = scheme === 'ssh' && !isUsers;
  const hasOwnSsh = git.env['GIT_SSH_COMMAND'] !== undefined || git.env['GIT_SSH'] !== undefined;
  return {
    // Progress is read, and errors are shown beside our own words.
    LC_ALL: 'C',
    LANGUAGE: undefined,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: undefined,
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: isUsers ? personalProtocols : scheme,
    GIT_NO_LAZY_FETCH: '1',
    GIT_SSL_CERT: undefined,
    GIT_SSL_KEY: undefined,
    GIT_PROTOCOL_FROM_USER: undefined,
    ...(showsNetrc(git, scheme)
      ? { HOME: noHome, NETRC: undefined, XDG_CONFIG_HOME: git.env['XDG_CONFIG_HOME'] ?? join(homeOf(git), '.config') }
      : {}),
    ...(needsSsh && !hasOwnSsh ? { GIT_SSH_COMMAND: batchSsh } : {}),
  };
}

/** A folder that is none: libcurl looks for logins in a file at home, which git cannot keep it from. */
const noHome = '/nonexistent';

/** Whether there are logins at home that git would show to an HTTP server (`.netrc`). */
function showsNetrc(git: GitProgram, scheme: string): boolean {
  if (scheme !== 'http' && scheme !== 'https') return false;
  return ['.netrc', '_netrc'].some((name) => existsSync(join(homeOf(git), name))) || git.env['NETRC'] !== undefined;
}

/** The user's settings, for a git that is told to be at home elsewhere. */
function settingsAtHome(git: GitProgram, scheme: string): readonly string[] {
  const path = join(homeOf(git), '.gitconfig');
  const isOwn = git.env['GIT_CONFIG_GLOBAL'] === undefined && existsSync(path);
  return isOwn && showsNetrc(git, scheme) ? [`include.path=${path}`] : [];
}

function homeOf(git: GitProgram): string {
  return git.env['HOME'] ?? noHome;
}

/**
 * Why this mirror cannot be asked without showing it who the user is; undefined when it can. Client certificates cannot
 * be unset for one run.
 */
export async function obstacleTo(git: GitProgram, mirror: MirrorCandidate): Promise<string | undefined> {
  if (mirror.isUsers) return undefined;
  if (mirror.url.includes('=')) return 'its URL has an equals sign, with which git cannot be set up for it';
  if (mirror.scheme !== 'https') return undefined;
  const { stdout } = await git.run(['config', '--get-urlmatch', 'http', mirror.url], { allowStatus: [1] });
  return /^http\.sslcert /im.test(stdout)
    ? `http.sslCert would show it your certificate: set it for one host alone (http.<url>.sslCert)`
    : undefined;
}
