import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import isomorphicGit from 'isomorphic-git';
import http from 'isomorphic-git/http/node';

const run = promisify(execFile);
const timeoutMs = 60_000;

/** A Git implementation that is not git. */
export interface OtherClient {
  readonly name: string;
  /** Clones `url` into the folder `path`, with all branches. */
  clone(url: string, path: string, depth?: number): Promise<void>;
  /** Fetches all branches of the remote the clone came from. */
  fetch(path: string): Promise<void>;
  /** Whether it can clone with a depth. */
  readonly canCut: boolean;
  /** Where it keeps the branch `name` of the remote. */
  branch(name: string): string;
}

const remoteBranch = (name: string): string => `refs/remotes/origin/${name}`;

/** isomorphic-git, in JavaScript. */
const isomorphic: OtherClient = {
  name: 'isomorphic-git',
  canCut: true,
  clone: async (url, path, depth) => {
    await isomorphicGit.clone({
      fs,
      http,
      dir: path,
      url,
      ...(depth === undefined ? {} : { depth, singleBranch: true }),
    });
  },
  fetch: async (path) => {
    await isomorphicGit.fetch({ fs, http, dir: path, remote: 'origin', tags: true });
  },
  branch: remoteBranch,
};

/** libgit2, in C, through the Debian package of pygit2. It has no depths in this version. */
const libgit2: OtherClient = {
  name: 'libgit2',
  canCut: false,
  clone: (url, path) => python('import pygit2; pygit2.clone_repository(sys.argv[1], sys.argv[2])', url, path),
  fetch: (path) => python('import pygit2; pygit2.Repository(sys.argv[1]).remotes["origin"].fetch()', path),
  branch: remoteBranch,
};

/** dulwich, in Python, from its Debian package. */
const dulwich: OtherClient = {
  name: 'dulwich',
  canCut: true,
  clone: (url, path, depth) => {
    const script = 'porcelain.clone(sys.argv[1], sys.argv[2], depth=int(sys.argv[3]) or None)';
    return python(`from dulwich import porcelain; ${script}`, url, path, String(depth ?? 0));
  },
  fetch: (path) => python('from dulwich import porcelain; porcelain.fetch(sys.argv[1], "origin")', path),
  branch: remoteBranch,
};

/** Debian's `jgit` leaves out archives that it needs, so the program is started from all that are there. */
const jgitWords = ['-cp', '/usr/share/java/*', 'org.eclipse.jgit.pgm.Main'];

/** JGit, in Java, from its Debian package. It has no depths in this version. */
const jgit: OtherClient = {
  name: 'JGit',
  canCut: false,
  clone: async (url, path) => {
    await run('java', [...jgitWords, 'clone', url, path], { timeout: timeoutMs });
  },
  fetch: async (path) => {
    await run('java', [...jgitWords, '--git-dir', `${path}/.git`, 'fetch'], { timeout: timeoutMs });
  },
  branch: remoteBranch,
};

/** All of them. */
export const otherClients: readonly OtherClient[] = [isomorphic, libgit2, dulwich, jgit];

/** Debian's own Python, where its packages are. */
async function python(script: string, ...words: readonly string[]): Promise<void> {
  await run('/usr/bin/python3', ['-c', `import sys; ${script}`, ...words], { timeout: timeoutMs });
}
