import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { httpBackendProgram } from './http-backend.ts';
import type { ServerCertificate } from './tls.ts';

/** Who may come in. */
export interface ApacheBasicAuth {
  readonly username: string;
  readonly password: string;
  /**
   * What is behind the password: everything; pushes, from their advertisement on; or only the POST of a push, as
   * git-http-backend(1) shows for servers without mod_rewrite. Default everything.
   */
  readonly protect?: 'all' | 'push' | 'push-post';
}

/** What Apache serves. */
export interface ApacheOptions {
  /**
   * Folder of the repositories. `<root>/x.git` is `<url>/git/x.git` through `git http-backend`, and `<url>/files/x.git`
   * as plain files (the dumb protocol).
   */
  readonly root: string;
  readonly tls?: ServerCertificate;
  readonly basicAuth?: ApacheBasicAuth;
  /** Further directives, at the end of the configuration. */
  readonly extra?: string;
}

/** A running Apache. */
export interface Apache {
  /** `http(s)://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /**
   * Lets Apache's user read and write everything under the root: needed again for repositories that were made after the
   * start. Does nothing unless the tests run as root, since Apache then runs as another user.
   */
  grantAccess(): Promise<void>;
  /** Lines of the access log: request line, status and user. Waits until one matches, if a pattern is given. */
  accessLog(pattern?: RegExp): Promise<string[]>;
  errorLog(): Promise<string>;
  close(): Promise<void>;
}

const program = '/usr/sbin/apache2';
const modules = '/usr/lib/apache2/modules';

/** Starts Apache with real `git http-backend` as a CGI program, on a loopback port. */
export async function startApache(options: ApacheOptions): Promise<Apache> {
  const { root, tls, basicAuth, extra = '' } = options;
  await grantAccess(root);
  const apache = await runApache(
    ['alias', 'cgid', 'env', 'setenvif', ...(tls === undefined ? [] : ['socache_shmcb', 'ssl'])],
    (directory) =>
      [
        `ScriptSock ${directory}/cgid.sock`,
        'Timeout 60',
        `SetEnv GIT_PROJECT_ROOT ${root}`,
        'SetEnv GIT_HTTP_EXPORT_ALL 1',
        'SetEnv GIT_CONFIG_NOSYSTEM 1',
        'SetEnv GIT_CONFIG_GLOBAL /dev/null',
        // The repositories belong to whoever runs the tests.
        'SetEnv GIT_CONFIG_COUNT 1',
        'SetEnv GIT_CONFIG_KEY_0 safe.directory',
        'SetEnv GIT_CONFIG_VALUE_0 *',
        'SetEnvIf Git-Protocol ".*" GIT_PROTOCOL=$0',
        `ScriptAlias /git/ ${httpBackendProgram()}/`,
        `Alias /files/ ${root}/`,
        '<Directory />',
        '  Require all granted',
        '</Directory>',
        ...(tls === undefined
          ? []
          : ['SSLEngine on', `SSLCertificateFile ${tls.certFile}`, `SSLCertificateKeyFile ${tls.keyFile}`]),
        ...(basicAuth === undefined ? [] : protect(basicAuth, directory)),
        extra,
      ].join('\n'),
    basicAuth,
  );
  return {
    ...apache,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${apache.port}`,
    grantAccess: () => grantAccess(root),
  };
}

/** Starts Apache with the given modules and configuration; shared with the forward proxy. */
export async function runApache(
  loaded: readonly string[],
  configure: (directory: string) => string,
  basicAuth?: { readonly username: string; readonly password: string },
): Promise<Omit<Apache, 'grantAccess' | 'url'>> {
  if (!existsSync(program)) throw new Error(`${program} is missing: install it (apt-get install apache2)`);
  const directory = await mkdtemp(join(tmpdir(), 'git-mirror-apache-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const all = ['mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic', ...loaded];
  const config = [
    `ServerRoot ${directory}`,
    'ServerName localhost',
    `DefaultRuntimeDir ${directory}`,
    `Mutex file:${directory} default`,
    `PidFile ${directory}/apache.pid`,
    `Listen 127.0.0.1:${port}`,
    `ErrorLog ${directory}/error.log`,
    ...all.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
    ...(isRoot() ? ['User www-data', 'Group www-data'] : []),
    `CustomLog ${directory}/access.log "%r %>s %u"`,
    configure(directory),
    '',
  ].join('\n');
  await writeFile(join(directory, 'apache.conf'), config);
  if (basicAuth !== undefined) await writeFile(join(directory, 'htpasswd'), htpasswd(basicAuth));
  const child = spawn(program, ['-f', join(directory, 'apache.conf'), '-DFOREGROUND'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const errorLog = async (): Promise<string> =>
    output + (await readFile(join(directory, 'error.log'), 'utf8').catch(() => ''));
  if (!(await isListening(port, child))) {
    const log = await errorLog();
    await stop(child);
    await rm(directory, { recursive: true, force: true });
    throw new Error(`Apache did not start:\n${log}`);
  }
  return {
    port,
    errorLog,
    async accessLog(pattern) {
      for (let attempt = 0; ; attempt += 1) {
        const text = await readFile(join(directory, 'access.log'), 'utf8').catch(() => '');
        const lines = text.split('\n').filter((line) => line !== '');
        if (pattern === undefined || lines.some((line) => pattern.test(line))) return lines;
        if (attempt === 100) throw new Error(`no line of the access log matches ${String(pattern)}:\n${text}`);
        await delay(50);
      }
    },
    async close() {
      await stop(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Directives that ask for a password of the file that {@link runApache} writes. */
export function requireUser(directory: string): string[] {
  return [
    'AuthType Basic',
    'AuthName "git-mirror test"',
    'AuthBasicProvider file',
    `AuthUserFile ${directory}/htpasswd`,
    'Require valid-user',
  ];
}

function protect({ protect: what = 'all' }: ApacheBasicAuth, directory: string): string[] {
  const lines = requireUser(directory);
  const post = ['<LocationMatch "^/git/.*/git-receive-pack$">', ...lines, '</LocationMatch>'];
  switch (what) {
    case 'all':
      return ['<Location />', ...lines, '</Location>'];
    case 'push-post':
      return post;
    case 'push':
      return [
        ...post,
        '<LocationMatch "^/git/.*/info/refs$">',
        '<If "%{QUERY_STRING} =~ /service=git-receive-pack/">',
        ...lines,
        '</If>',
        '</LocationMatch>',
      ];
  }
}

/** Apache knows unsalted SHA-1 passwords by this prefix; good enough for a test. */
function htpasswd({ username, password }: { readonly username: string; readonly password: string }): string {
  return `${username}:{SHA}${createHash('sha1').update(password).digest('base64')}\n`;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

async function grantAccess(root: string): Promise<void> {
  if (!isRoot()) return;
  for (let folder = root; folder.startsWith(tmpdir()) && folder !== tmpdir(); folder = dirname(folder)) {
    await chmod(folder, (await stat(folder)).mode | 0o055);
  }
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = await stat(path);
    await chmod(path, mode | (entry.isDirectory() ? 0o777 : 0o666 | (((mode & 0o100) >> 6) * 0o11)));
  }
  await chmod(root, 0o777);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function isListening(port: number, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => {
        resolve(false);
      });
    });
    if (isOpen) return true;
    await delay(50);
  }
  return false;
}

/** SIGTERM makes the parent end its workers; it is given ten seconds. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
