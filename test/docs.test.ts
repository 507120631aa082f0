import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUnstableClient } from '../src/unstable.ts';
import { createClient, type Client } from '../src/index.ts';
import { work, type JobQueue, type SyncJob } from '../examples/queue-worker.ts';
import { makeRepository } from './repositories/make-repository.ts';
import type { Repository } from './repositories/repository.ts';
import { runGit } from './repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './repositories/temporary-folder.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../', import.meta.url));
const command = join(root, 'bin', 'git-mirror');

let folder: TemporaryFolder;
let source: Repository;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  source = await makeRepository(join(folder.path, 'source.git'), { commits: 6, tags: 2 });
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

async function emptyTarget(name: string): Promise<string> {
  const path = join(folder.path, name);
  await runGit(['init', '-q', '--bare', path]);
  return path;
}

/** Commands in the text: lines of sh blocks, and whole code spans of tables, that call `git mirror` with two ends. */
function shownCommands(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...markdown.matchAll(/`(git mirror [^`]*)`/g)].map(([, span = '']) => span);
  return [...blocks, ...spans]
    .map((line) =>
      line
        .replace(/ #.*$/, '')
        .replace(/ \| .*$/, '')
        .trim(),
    )
    .filter((line) => /^git mirror (probe|plan|sync|replicate|bootstrap) .*(SOURCE|https:)/.test(line))
    .filter((line) => !/[…[]/.test(line));
}

const documents = ['README.md', ...(await readdir(join(root, 'docs'))).map((name) => `docs/${name}`)];
const commands = (
  await Promise.all(documents.map(async (name) => shownCommands(await readFile(join(root, name), 'utf8'))))
).flat();

describe('the commands that the documentation shows', () => {
  test('there are some', () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  test.each([...new Set(commands)])('%s', async (line) => {
    const targets = new Map<string, string>();
    const words: string[] = [];
    for (const word of line
      .split(/\s+/)
      .slice(2)
      .map((text) => text.replace(/^"?\$?(\w+)"?$/, '$1'))) {
      if (word === 'SOURCE' || word === 'https://example.com/from.git') words.push(source.path);
      else if (/^TARGET\d?$/.test(word) || word === 'https://example.org/to.git') {
        const path = targets.get(word) ?? (await emptyTarget(`t${Math.random().toString(36).slice(2)}.git`));
        targets.set(word, path);
        words.push(path);
      } else words.push(word);
    }
    await run(process.execPath, [command, ...words]);
    if (!/^git mirror (sync|replicate|bootstrap)/.test(line)) return;
    for (const path of targets.values()) {
      expect(await runGit(['-C', path, 'rev-parse', 'refs/heads/main'])).toBe(
        await runGit(['-C', source.path, 'rev-parse', 'refs/heads/main']),
      );
    }
  });
});

describe('the library examples', () => {
  test.each(['README.md', 'docs/library.md'])('%s compiles against the package and runs', async (name) => {
    const text = await readFile(join(root, name), 'utf8');
    const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(text) ?? [];
    expect(example).toContain("from 'git-mirror'");
    const target = await emptyTarget(`example-${name.replace(/\W/g, '-')}.git`);
    const place = join(folder.path, `consumer-${name.replace(/\W/g, '-')}`);
    await mkdir(join(place, 'node_modules'), { recursive: true });
    await symlink(root, join(place, 'node_modules', 'git-mirror'));
    await symlink(join(root, 'node_modules', '@types'), join(place, 'node_modules', '@types'));
    await symlink(join(root, 'node_modules', 'undici'), join(place, 'node_modules', 'undici'));
    await writeFile(join(place, 'package.json'), '{"type":"module"}');
    await writeFile(
      join(place, 'example.ts'),
      example.replace('https://example.com/from.git', source.path).replace('https://example.org/to.git', target),
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      'node',
      '--skipLibCheck',
    ];
    await run(process.execPath, [tsc, ...flags, 'example.ts'], { cwd: place });
    await run(process.execPath, ['example.ts'], { cwd: place });
    expect(await runGit(['-C', target, 'rev-parse', 'refs/heads/main'])).toBe(
      await runGit(['-C', source.path, 'rev-parse', 'refs/heads/main']),
    );
  });

  test('the queue worker finishes, gives back and fails jobs', async () => {
    const target = await emptyTarget('worker.git');
    const jobs: SyncJob[] = [
      { id: 'good', source: source.path, target },
      { id: 'missing', source: join(folder.path, 'nowhere.git'), target },
      { id: 'unreachable', source: 'http://127.0.0.1:9/x.git', target },
    ];
    const outcomes = await workOff(jobs, createClient({ useCredentialHelper: false }));
    expect(outcomes).toEqual([
      ['done', 'good'],
      ['fail', 'missing'],
      ['retry', 'unreachable'],
    ]);
  });
});

async function workOff(jobs: readonly SyncJob[], client: Client): Promise<[string, string][]> {
  const outcomes: [string, string][] = [];
  const note = (what: string) => async (job: SyncJob) => {
    outcomes.push([what, job.id]);
  };
  const queue: JobQueue = {
    async *jobs() {
      yield* jobs;
    },
    done: note('done'),
    retry: note('retry'),
    fail: note('fail'),
  };
  await work(queue, new AbortController().signal, client);
  return outcomes;
}

test('fetch of the unstable client hands over a whole pack', async () => {
  const client = createUnstableClient({ useCredentialHelper: false });
  const chunks: Uint8Array[] = [];
  const result = await client.fetch(
    { source: { url: source.path }, includeTags: true },
    {
      onPack: async (pack) => {
        for await (const chunk of pack) chunks.push(chunk);
      },
    },
  );
  const pack = Buffer.concat(chunks);
  expect(pack.length).toBe(result.bytes);
  expect(pack.readUInt32BE(8)).toBe(result.objects);
  const path = join(folder.path, 'fetched.pack');
  await writeFile(path, pack);
  await runGit(['index-pack', '--strict', path]);
});
