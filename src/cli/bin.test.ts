import { execFile, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const binFolder = fileURLToPath(new URL('../../bin', import.meta.url));
let root: string;
let program: string;
/** Preloaded by the Node that starts the program, which it makes look old. */
let makeOld: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-mirror-bin-'));
  program = join(root, 'checkout', 'bin', 'git-mirror');
  makeOld = join(root, 'old.cjs');
  await cp(binFolder, dirname(program), { recursive: true });
  await writeFile(
    makeOld,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } });\n",
  );
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Puts `code` where the built program would be. */
async function install(code: string): Promise<void> {
  const folder = join(root, 'checkout', 'dist', 'cli');
  await mkdir(folder, { recursive: true });
  await writeFile(join(root, 'checkout', 'package.json'), '{ "type": "module" }\n');
  await writeFile(join(folder, 'main.js'), code);
}

/** Puts a Node into the checkout as npm does. */
async function installNode(): Promise<void> {
  const folder = join(root, 'checkout', 'node_modules', 'node', 'bin');
  await mkdir(folder, { recursive: true });
  await symlink(process.execPath, join(folder, 'node'));
}

function start(words: readonly string[], isOld = false): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [...(isOld ? ['-r', makeOld] : []), program, ...words], {
    encoding: 'utf8',
    timeout: 20_000,
  });
}

const showWords = 'console.log(JSON.stringify([process.argv.slice(2), process.versions.node])); process.exit(7);';

test('starts the program and hands on words and exit status', async () => {
  await install(showWords);
  const { stdout, status } = start(['sync', '--json', 'a b', '']);
  expect(JSON.parse(stdout)).toEqual([['sync', '--json', 'a b', ''], process.versions.node]);
  expect(status).toBe(7);
});

test('git finds it as `git mirror`, behind a symbolic link too', async () => {
  await install('console.log(process.argv.slice(2).join(" "));');
  const links = join(root, 'links');
  await mkdir(links);
  await symlink(program, join(links, 'git-mirror'));
  for (const folder of [dirname(program), links]) {
    const path = [folder, dirname(process.execPath), process.env['PATH']].join(delimiter);
    const { stdout } = await promisify(execFile)('git', ['mirror', 'sync', '-v'], {
      env: { ...process.env, PATH: path },
    });
    expect(stdout).toBe('sync -v\n');
  }
});

test('says what to do when it has not been built', () => {
  const { stderr, status } = start([]);
  expect(stderr).toBe(
    `git-mirror: it is not built yet. Run \`npm run build\` or \`npm start\` in ${join(root, 'checkout')}.\n`,
  );
  expect(status).toBe(1);
});

test('says which Node it needs when there is none that is new enough', async () => {
  await install(showWords);
  const { stderr, status } = start([], true);
  expect(stderr).toMatch(/^git-mirror: it needs Node 22\.19 or newer, and this is 20\.1\.0\. .*\n$/);
  expect(status).toBe(1);
});

test('an old Node hands over to the one of the checkout', async () => {
  await install(showWords);
  await installNode();
  const { stdout, status } = start(['sync', '--', '-x'], true);
  expect(JSON.parse(stdout)).toEqual([['sync', '--', '-x'], process.versions.node]);
  expect(status).toBe(7);
});

test('when it is handed over, signals reach the program and its end by a signal is passed on', async () => {
  await installNode();
  await install(
    `process.on('SIGTERM', () => { console.log('told'); process.kill(process.pid, 'SIGKILL'); });
     console.log('ready'); setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, ['-r', makeOld, program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') child.kill('SIGTERM');
    output += text;
  });
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...end) => {
      resolve(end);
    });
  });
  expect(output).toBe('ready\ntold\n');
  expect([status, signal]).toEqual([null, 'SIGKILL']);
});

test('when it is handed over and then killed, the program ends too', async () => {
  await installNode();
  await install('console.log(process.pid); setInterval(() => {}, 1000);');
  const child = spawn(process.execPath, ['-r', makeOld, program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = await new Promise<number>((resolve) => {
    child.stdout.once('data', (text: Buffer) => {
      resolve(Number(text));
    });
  });
  // The pipe closes when the last process that can write to it has ended.
  const ended = new Promise((resolve) =>
    child.stdout.once('close', () => {
      resolve('ended');
    }),
  );
  child.kill('SIGKILL');
  const outcome = await Promise.race([ended, sleep(10_000, 'still there', { ref: false })]);
  if (outcome !== 'ended') process.kill(pid, 'SIGKILL');
  expect(outcome).toBe('ended');
});

test.runIf(existsSync('/proc/self/cmdline'))('secrets on the command line leave the list of processes', async () => {
  await installNode();
  await install(`
    import { readFileSync } from 'node:fs';
    const own = readFileSync('/proc/self/cmdline', 'utf8');
    const parent = readFileSync('/proc/' + process.ppid + '/cmdline', 'utf8');
    console.log(JSON.stringify({ words: process.argv.slice(2), own, parent, env: Object.keys(process.env) }));
  `);
  for (const isOld of [false, true]) {
    for (const words of [
      ['sync', '--source-token', 's3cret'],
      ['sync', '--target-bearer-token=s3cret'],
    ]) {
      const { stdout } = start(words, isOld);
      const seen = JSON.parse(stdout) as { words: string[]; own: string; parent: string; env: string[] };
      expect(seen.words).toEqual(words);
      expect(seen.own).not.toContain('s3cret');
      if (isOld) expect(seen.parent).not.toContain('s3cret');
      expect(seen.env.filter((name) => name.startsWith('GIT_MIRROR_'))).toEqual([]);
    }
  }
});

test('the program that is published and the package agree on the Node they need', async () => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { engines } = JSON.parse(text) as { engines: { node: string } };
  const code = await readFile(join(dirname(program), 'launch.js'), 'utf8');
  const needed = `${/neededMajor = (\d+)/.exec(code)?.[1]}.${/neededMinor = (\d+)/.exec(code)?.[1]}`;
  expect(engines.node).toBe(`>=${needed}`);
});
