/**
 * Takes one real repository through everything a target has to live through, with the built command and
 * `git http-backend` at both ends, and checks refs and connectivity after each step:
 *
 *     npm run bench -- acceptance --repo PATH
 *
 * Prints a line per step and ends with status 1 at the first that does not hold.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startFront } from '../test/replicate/front.ts';
import { runGit } from '../test/repositories/run-git.ts';
import { startHttpBackend } from '../test/servers/http-backend.ts';

const command = fileURLToPath(new URL('../bin/git-mirror', import.meta.url));
const identity = ['-c', 'user.name=A U Thor', '-c', 'user.email=author@example.com'];

interface CommandRun {
  readonly status: number | null;
  readonly output: string;
}

async function mirror(args: readonly string[], onStart?: (kill: () => void) => void): Promise<CommandRun> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onStart?.(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const status = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { status, output };
}

async function refsOf(path: string): Promise<string> {
  return runGit(['-C', path, 'for-each-ref', '--format=%(objectname) %(refname)']);
}

async function accept(repo: string, folder: string): Promise<void> {
  const root = join(folder, 'root');
  const source = join(root, 'source.git');
  await mkdir(root);
  await runGit(['clone', '-q', '--bare', repo, source]);
  for (const setting of ['uploadpack.allowFilter', 'core.logAllRefUpdates']) {
    await runGit(['-C', source, 'config', setting, String(setting !== 'core.logAllRefUpdates')]);
  }
  const head = (await runGit(['-C', source, 'symbolic-ref', 'HEAD'])).trim();
  const tip = (await runGit(['-C', source, 'rev-parse', head])).trim();
  const commits = Number(await runGit(['-C', source, 'rev-list', '--all', '--count']));
  console.log(`${repo}: ${commits} commits reachable, HEAD ${head}`);
  if (commits < 20_000) throw new Error('the repository should have at least 20,000 commits');

  await using server = asDisposable(await startHttpBackend({ root }));
  const sourceUrl = `${server.url}/source.git`;
  const git = (...args: string[]) => runGit(['-C', source, ...identity, ...args]);
  const makeTarget = async (name: string) => {
    await runGit(['init', '-q', '--bare', join(root, name)]);
    await runGit(['-C', join(root, name), 'config', 'http.receivepack', 'true']);
    return join(root, name);
  };
  const check = async (what: string, target: string, run: CommandRun, status = 0) => {
    if (run.status !== status) throw new Error(`${what}: exit status ${run.status}, expected ${status}\n${run.output}`);
    if (status === 0 && (await refsOf(source)) !== (await refsOf(target))) throw new Error(`${what}: refs differ`);
    await runGit(['-C', target, 'fsck', '--connectivity-only']);
    const way = /"transferMode": "(\w+)"/.exec(run.output)?.[1] ?? '';
    const batches = /"done": (\d+)/.exec(run.output)?.[1] ?? '';
    console.log(
      `ok: ${what} (${way}${batches === '0' || batches === '' ? '' : `, ${batches} batches`}); refs equal, fsck clean`,
    );
  };

  const target = await makeTarget('target.git');
  const targetUrl = `${server.url}/target.git`;
  const pair = [sourceUrl, targetUrl, '--json'];

  await git('update-ref', head, `${head}~500`);
  const tags = (await git('for-each-ref', '--format=%(refname)', '--sort=-creatordate', 'refs/tags'))
    .trim()
    .split('\n');
  const newTags = tags.slice(0, 20).filter((name) => name !== '');
  const tagged = new Map<string, string>();
  for (const name of newTags) tagged.set(name, (await git('rev-parse', name)).trim());
  for (const name of newTags) await git('update-ref', '-d', name);
  await check('bootstrap', target, await mirror(['sync', '--tags', ...pair]));

  await git('update-ref', head, tip);
  for (const [name, oid] of tagged) await git('update-ref', name, oid);
  await check('incremental', target, await mirror(['sync', '--tags', ...pair]));

  const tree = (await git('rev-parse', `${head}^{tree}`)).trim();
  const commit = async (parent: string, text: string) =>
    (await git('commit-tree', tree, '-p', parent, '-m', text)).trim();
  await git('update-ref', head, await commit(`${head}~300`, 'rewritten'));
  await check('sync of a rewrite is blocked', target, await mirror(['sync', '--tags', ...pair]), 3);
  await check('replicate', target, await mirror(['replicate', '--tags', ...pair]));

  await git('update-ref', 'refs/heads/to-be-pruned', tip);
  await check('a branch more', target, await mirror(['sync', '--tags', ...pair]));
  await git('update-ref', '-d', 'refs/heads/to-be-pruned');
  for (const name of newTags.slice(0, 5)) await git('update-ref', '-d', name);
  await check('prune', target, await mirror(['sync', '--tags', '--prune', ...pair]));

  await git('update-ref', 'refs/tags/moved', tip);
  await check('a tag more', target, await mirror(['sync', '--tags', ...pair]));
  await git('update-ref', 'refs/tags/moved', `${head}~10`);
  await check('a moved tag is blocked', target, await mirror(['sync', '--tags', ...pair]), 3);
  await check('a moved tag, forced', target, await mirror(['sync', '--tags', '--force-with-lease', ...pair]));

  const packBytes = Number(/size-pack: (\d+)/.exec(await runGit(['-C', target, 'count-objects', '-v']))?.[1]) * 1024;
  const limit = Math.floor(packBytes / 10);
  console.log(`the pack has about ${packBytes} bytes; targets refuse bodies over ${limit}`);
  for (const [name, flags] of [
    ['refused', []],
    ['first-parent', ['--target-max-pack-bytes', String(limit - 65_536)]],
    ['topo', ['--target-max-pack-bytes', String(limit - 65_536), '--bootstrap-strategy', 'topo']],
  ] as const) {
    const path = await makeTarget(`${name}.git`);
    await using front = asDisposable(await startFront(server.url, { maxPushBytes: limit }));
    const run = await mirror(['sync', '--tags', sourceUrl, `${front.url}/${name}.git`, '--json', ...flags]);
    await check(`batched bootstrap, ${name}`, path, run);
    console.log(
      `    ${front.pushes.length} pushes, ${front.pushes.filter(({ status }) => status >= 400).length} refused`,
    );
  }

  const killed = await makeTarget('killed.git');
  const flags = ['--target-max-pack-bytes', String(limit - 65_536), '--json'];
  let sentBefore = 0;
  {
    let kill: () => void = () => undefined;
    await using front = asDisposable(
      await startFront(server.url, {
        maxPushBytes: limit,
        onPushBytes: (push) => {
          if (push >= 6) kill();
        },
      }),
    );
    const run = await mirror(['sync', '--tags', sourceUrl, `${front.url}/killed.git`, ...flags], (end) => {
      kill = end;
    });
    if (run.status === 0) throw new Error('the run should have been killed');
    sentBefore = front.pushes.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  await runGit(['-C', killed, 'fsck', '--connectivity-only']);
  await using front = asDisposable(await startFront(server.url, { maxPushBytes: limit }));
  await check(
    'killed and resumed',
    killed,
    await mirror(['sync', '--tags', sourceUrl, `${front.url}/killed.git`, ...flags]),
  );
  const sentAfter = front.pushes.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`    ${sentBefore} bytes sent before the kill, ${sentAfter} after the rerun`);
  if (sentAfter >= packBytes) throw new Error('the rerun sent everything again');
}

function asDisposable<T extends { close(): Promise<void> }>(server: T): T & AsyncDisposable {
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

const { values } = parseArgs({ options: { repo: { type: 'string' } } });
if (values.repo === undefined) throw new Error('name a repository: --repo PATH');
const folder = await mkdtemp(join(tmpdir(), 'git-mirror-acceptance-'));
try {
  await accept(values.repo, folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
