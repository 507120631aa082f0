import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const timeoutMs = 300_000;
const maxOutputBytes = 16 * 1024 * 1024;

/** Keyrings that Debian's package debian-archive-keyring brings; the first that is there is used. */
const keyrings = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];

/**
 * Another release of Debian, seen through an apt of its own: lists, status and cache are in `folder`, and nothing of
 * this machine's package system is read but the address of its mirror, or changed.
 */
export class AptRelease {
  readonly #options: readonly string[];
  readonly #folder: string;

  private constructor(folder: string, options: readonly string[]) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Reads the package lists of the release `codename`. Rejects where there is no apt, or the mirror does not have it. */
  static async open(codename: string, folder: string): Promise<AptRelease> {
    const keyring = keyrings.find((path) => existsSync(path));
    if (keyring === undefined) throw new Error('the keyring of Debian is not here (package debian-archive-keyring)');
    for (const name of ['state/lists/partial', 'cache/archives/partial', 'packages']) {
      await mkdir(join(folder, name), { recursive: true });
    }
    const [status, sources] = [join(folder, 'status'), join(folder, 'sources.list')];
    // An empty status: what is installed here does not count as there, so every library is named.
    await writeFile(status, '');
    await writeFile(sources, `deb [signed-by=${keyring}] ${await findMirror()} ${codename} main\n`);
    const settings = {
      'Dir::State': join(folder, 'state'),
      'Dir::State::status': status,
      'Dir::Cache': join(folder, 'cache'),
      'Dir::Etc::sourcelist': sources,
      'Dir::Etc::sourceparts': '-',
      'Dir::Etc::preferences': '-',
      'Dir::Etc::preferencesparts': '-',
      'Acquire::Languages': 'none',
      'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
      'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled': 'false',
      'Acquire::Retries': '3',
      // The folder need not be readable for apt's own user.
      'APT::Sandbox::User': '',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const release = new AptRelease(folder, options);
    await release.#aptGet('update', '-qq');
    return release;
  }

  /** Downloads those packages among `name` and all it depends on whose names `isWanted` takes. Returns their paths. */
  async download(name: string, isWanted: (name: string) => boolean): Promise<readonly string[]> {
    const listed = await this.#aptGet('install', '--print-uris', '-qq', '--no-install-recommends', name);
    const names = [...listed.matchAll(/^'[^']*' ([^_\s]+)_\S+\.deb /gm)].map(([, found = '']) => found);
    await this.#aptGet('download', '-qq', ...names.filter(isWanted));
    const folder = join(this.#folder, 'packages');
    return (await readdir(folder)).filter((file) => file.endsWith('.deb')).map((file) => join(folder, file));
  }

  async #aptGet(...words: readonly string[]): Promise<string> {
    const options = { cwd: join(this.#folder, 'packages'), timeout: timeoutMs, maxBuffer: maxOutputBytes };
    const { stdout } = await run('apt-get', [...this.#options, ...words], options);
    return stdout;
  }
}

/** The address from which this machine gets Debian's main archive. */
async function findMirror(): Promise<string> {
  const format = '$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN) $(LABEL)';
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    timeout: timeoutMs,
  });
  const rows = stdout.split('\n').map((line) => line.split(' '));
  // Security and update suites are named after the release with a dash.
  const row = rows.find(([, codename = '', component, origin]) => {
    return component === 'main' && origin === 'Debian' && !codename.includes('-');
  });
  if (row?.[0] === undefined) {
    throw new Error('no archive of Debian is among the package sources of this machine; has apt-get update been run?');
  }
  return row[0];
}
