// Makes a fresh checkout able to run, then runs one of its scripts:
//
//     node scripts/bootstrap.mjs start|test|bench|parity|corpus|git-versions [arguments]
//
// This is the one file that runs before anything is installed, on any Node from 18 on: plain JavaScript, no packages.
// What is already done is not done again: installing is marked by a stamp in node_modules, building by one in dist.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const installStamp = join(modules, '.git-mirror-installed');
const dist = join(root, 'dist');
const buildStamp = join(dist, '.built');
const lockPath = join(root, '.data', 'bootstrap.lock');

const isWindows = process.platform === 'win32';
const executable = isWindows ? 'node.exe' : 'node';
/** Oldest Node that runs the TypeScript of this checkout as it is. */
const neededNode = [22, 19];
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
/** Signals within this time are one key press: a terminal sends it to every process, and npm sends it on. */
const sameKeyPressMs = 1000;
/** How often to look whether whoever started this is still there. */
const parentCheckMs = 250;
const maxLockWaitMs = 15 * 60 * 1000;

/** @type {Readonly<Record<string, { script: string, build: boolean }>>} */
const commands = {
  start: { script: join('scripts', 'start.ts'), build: true },
  test: { script: join('scripts', 'test.ts'), build: true },
  bench: { script: join('bench', 'run.ts'), build: true },
  parity: { script: join('test', 'parity', 'run.ts'), build: true },
  corpus: { script: join('scripts', 'corpus.ts'), build: false },
  'git-versions': { script: join('scripts', 'git-versions.ts'), build: false },
};

/** An end that needs no stack trace: the sentence says it all. */
class Stop extends Error {
  /** @param {string} sentence @param {number} [status] */
  constructor(sentence, status = 1) {
    super(sentence);
    this.status = status;
  }
}

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
/** @type {NodeJS.Signals | undefined} */
let stoppedBy;
let lastSignalAt = -Infinity;

for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => stop(signal));
}

/** @param {NodeJS.Signals} signal */
function stop(signal) {
  const now = performance.now();
  if (stoppedBy === signal && now - lastSignalAt < sameKeyPressMs) return;
  lastSignalAt = now;
  stoppedBy = signal;
  if (running === undefined) process.exit(128 + signalNumbers[/** @type {'SIGINT'} */ (signal)]);
  running.kill(signal);
}

// npm passes signals on to the shell between us, and not every shell passes them on to us before it ends.
if (process.env['npm_lifecycle_event'] !== undefined && !isWindows) {
  const startedBy = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === startedBy) return;
    clearInterval(watch);
    stop('SIGTERM');
  }, parentCheckMs);
  watch.unref();
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a program to its end and returns its exit status.
 * @param {string} command @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, stdio?: import('node:child_process').StdioOptions }} [options]
 * @returns {Promise<number>}
 */
function run(command, args, { env = process.env, cwd = root, stdio = ['ignore', 2, 2] } = {}) {
  return new Promise((resolve, reject) => {
    // On Windows npm is a script for the shell.
    const child = spawn(command, args, { env, cwd, stdio, shell: isWindows && command === 'npm' });
    running = child;
    child.on('error', (error) => {
      running = undefined;
      reject(new Stop(`${command} cannot be started: ${error.message}`));
    });
    child.on('exit', (code, signal) => {
      running = undefined;
      resolve(code ?? 128 + (signalNumbers[/** @type {'SIGINT'} */ (signal)] ?? 9));
    });
  });
}

/** Stops here when a signal came while something else was done. */
function stopIfAsked() {
  if (stoppedBy !== undefined) throw new Stop('', 128 + signalNumbers[/** @type {'SIGINT'} */ (stoppedBy)]);
}

/** @param {string} path @returns {string | undefined} */
function readText(path) {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

// --- One at a time -----------------------------------------------------------------------------------------------

/**
 * Runs `work` while no other process installs or builds in this checkout. A lock whose process is gone is nobody's.
 * @template T @param {() => Promise<T>} work @returns {Promise<T>}
 */
async function alone(work) {
  fs.mkdirSync(dirname(lockPath), { recursive: true });
  const deadline = Date.now() + maxLockWaitMs;
  for (let waits = 0; !takeLock(); waits += 1) {
    if (Date.now() > deadline)
      throw new Stop(`Another process holds ${lockPath} for too long: end it or remove the file.`);
    if (waits === 20) say('Waiting for another process that sets this checkout up …');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  try {
    return await work();
  } finally {
    fs.rmSync(lockPath, { force: true });
  }
}

function takeLock() {
  try {
    fs.writeFileSync(lockPath, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const holder = Number(readText(lockPath));
  const isFresh = Date.now() - (fs.statSync(lockPath, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) < 2000;
  // A lock without a number was cut short by a crash, or is being written at this moment.
  if (holder > 0 ? holder !== process.pid && isRunning(holder) : isFresh) return false;
  fs.rmSync(lockPath, { force: true });
  return false;
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

// --- Install -----------------------------------------------------------------------------------------------------

/**
 * What the installed packages depend on. The version of Node that runs this file is left out: once installed, npm finds
 * the checkout's own Node first, so it differs between the first start and the second.
 */
function installKey() {
  const hash = createHash('sha256');
  hash.update(fs.readFileSync(join(root, 'package-lock.json')));
  return `${hash.digest('hex')} ${process.platform} ${process.arch}`;
}

async function install() {
  const key = installKey();
  if (readText(installStamp) === key && findOwnNode() !== undefined) return;
  if (!hasAllPackages()) {
    say('Installing packages: only before the first start, and when they have changed …');
    const status = await npm([
      'ci',
      '--include=dev',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
    stopIfAsked();
    if (status !== 0) {
      throw new Stop(
        `The packages of this checkout could not be installed: npm ci ended with status ${status}, its reason is above. ` +
          'npm needs its registry or a filled cache, and some 400 MB of disk.',
      );
    }
  }
  await provideNode();
  fs.writeFileSync(installStamp, key);
}

/** Whether someone has installed just what the lock file says, with npm's own list as the witness. */
function hasAllPackages() {
  const installed = readText(join(modules, '.package-lock.json'));
  if (installed === undefined) return false;
  /** @type {Record<string, { version?: string, optional?: boolean }>} */
  const wanted = JSON.parse(fs.readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  /** @type {Record<string, { version?: string }>} */
  const present = JSON.parse(installed).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    if (present[path] === undefined) return optional === true;
    return present[path].version === version && fs.existsSync(join(root, path, 'package.json'));
  });
}

/**
 * Runs the npm that runs this script, or the one in PATH, with a Node from outside the checkout: npm ci removes the one
 * inside.
 * @param {readonly string[]} args @param {string} [cwd]
 */
function npm(args, cwd = root) {
  const outside = pathWithout(modules);
  const env = { ...cleanNpmEnvironment(), PATH: outside.join(delimiter) };
  const script = process.env['npm_execpath'];
  if (script === undefined || !/npm-cli\.c?js$/.test(script) || !fs.existsSync(script))
    return run('npm', args, { env, cwd });
  const host = outside.map((folder) => join(folder, executable)).find((path) => fs.existsSync(path));
  return run(host ?? process.execPath, [script, ...args], { env, cwd });
}

/** Folders of PATH that are not below `folder`. @param {string} folder */
function pathWithout(folder) {
  return (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !`${entry}${sep}`.startsWith(folder + sep));
}

/** Settings of this npm run (`--prefix`, `--omit`, …) are not meant for the one inside; the user's own files still are. */
function cleanNpmEnvironment() {
  const ofThisRun =
    /^npm_(?:lifecycle|package|command|config_(?:prefix|local_prefix|global|dry_run|omit|only|production|include|workspace|workspaces|include_workspace_root)$)/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !ofThisRun.test(name) && name !== 'NODE_ENV'),
  );
}

// --- Node --------------------------------------------------------------------------------------------------------

/** Where npm may have put the Node of this checkout. */
function nodePlaces() {
  const platform = isWindows ? 'win' : process.platform;
  const names = [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`];
  const folders = [modules, join(modules, 'node', 'node_modules')];
  return [
    join(modules, 'node', 'bin', executable),
    ...folders.flatMap((folder) => names.map((name) => join(folder, name, 'bin', executable))),
  ];
}

/** The checkout's Node, where everything expects it. */
function findOwnNode() {
  const linked = join(modules, '.bin', executable);
  return (fs.statSync(linked, { throwIfNoEntry: false })?.size ?? 0) > 1000 ? linked : undefined;
}

/**
 * Sees to it that node_modules/.bin has a Node that is new enough. The package brings it by an install script, which
 * npm may have been told not to run.
 */
async function provideNode() {
  if (await works(findOwnNode())) return;
  let node = await firstWorking(nodePlaces());
  if (node === undefined) {
    const installer = join(modules, 'node', 'installArchSpecificPackage.js');
    if (fs.existsSync(installer)) {
      say('Fetching the Node of this checkout …');
      const env = { ...cleanNpmEnvironment(), PATH: pathWithout(modules).join(delimiter) };
      await run(process.execPath, [installer], { env, cwd: dirname(installer) }).catch(() => 1);
      stopIfAsked();
    }
    node = await firstWorking([...nodePlaces(), process.execPath]);
  }
  if (node === undefined) {
    throw new Stop(
      `Node ${neededNode.join('.')} or newer is needed, this is ${process.versions.node}, and the checkout could not fetch ` +
        'its own. Allow npm to run the install script of the package "node", or install a newer Node.',
    );
  }
  if (isWindows) return;
  if (node !== process.execPath) placeAt(node, join(modules, 'node', 'bin', executable));
  const linked = join(modules, '.bin', executable);
  fs.mkdirSync(dirname(linked), { recursive: true });
  fs.rmSync(linked, { force: true });
  fs.symlinkSync(node === process.execPath ? node : join('..', 'node', 'bin', executable), linked);
}

/** @param {string} from @param {string} to */
function placeAt(from, to) {
  if (from === to) return;
  fs.mkdirSync(dirname(to), { recursive: true });
  fs.rmSync(to, { force: true });
  try {
    fs.linkSync(from, to);
  } catch {
    fs.copyFileSync(from, to);
  }
  fs.chmodSync(to, 0o755);
}

/** @param {readonly string[]} paths */
async function firstWorking(paths) {
  for (const path of paths) if (await works(path)) return path;
  return undefined;
}

/** Whether `path` is a Node that is new enough. @param {string | undefined} path */
async function works(path) {
  if (path === undefined || !fs.existsSync(path)) return false;
  const [major, minor] = neededNode;
  const test = `const [a, b] = process.versions.node.split('.').map(Number); process.exit(a > ${major} || (a === ${major} && b >= ${minor}) ? 0 : 1)`;
  return (await run(path, ['-e', test], { stdio: 'ignore' }).catch(() => 1)) === 0;
}

// --- Build -------------------------------------------------------------------------------------------------------

/** Everything that decides what the compiler writes. */
function buildKey() {
  const hash = createHash('sha256');
  const files = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    join('scripts', 'build-kernel.ts'),
  ].map((name) => join(root, name));
  for (const path of [...files, ...sourceFiles(join(root, 'assembly')), ...sourceFiles(join(root, 'src'))]) {
    hash.update(relative(root, path)).update('\0').update(fs.readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** @param {string} folder @returns {string[]} */
function sourceFiles(folder) {
  const entries = fs
    .readdirSync(folder, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith('.test.ts') || entry.name.startsWith('kernel.wasm') ? [] : [path];
  });
}

/** @param {string} node */
async function build(node) {
  const key = buildKey();
  const products = [join(dist, 'cli', 'main.js'), join(root, 'src', 'kernel', 'kernel.wasm')];
  if (readText(buildStamp) === key && products.every((path) => fs.existsSync(path))) return;
  say('Building …');
  const fresh = join(root, 'dist.new');
  fs.rmSync(fresh, { recursive: true, force: true });
  const compiler = join(modules, 'typescript', 'bin', 'tsc');
  // Always the whole, into a folder of its own: nothing is left of files that are gone, and a failure changes nothing.
  const options = ['--outDir', fresh, '--incremental', 'false', '--tsBuildInfoFile', 'null'];
  let status = await run(node, [compiler, '-p', join(root, 'tsconfig.build.json'), ...options]);
  stopIfAsked();
  if (status === 0) status = await run(node, [join(root, 'scripts', 'build-kernel.ts'), join(fresh, 'kernel')]);
  stopIfAsked();
  if (status !== 0) {
    fs.rmSync(fresh, { recursive: true, force: true });
    throw new Stop('The checkout could not be built: the errors of the compiler are above.');
  }
  fs.writeFileSync(join(fresh, '.built'), key);
  fs.rmSync(dist, { recursive: true, force: true });
  fs.renameSync(fresh, dist);
}

// --- Run ---------------------------------------------------------------------------------------------------------

async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined)
    throw new Stop(`Usage: node scripts/bootstrap.mjs ${Object.keys(commands).join('|')} [arguments]`, 2);
  if (Number(process.versions.node.split('.')[0]) < 18) {
    throw new Stop(`Node 18 or newer is needed to set this checkout up; this is ${process.versions.node}.`);
  }
  const node = await alone(async () => {
    await install();
    const own = findOwnNode() ?? process.execPath;
    if (command.build) await build(own);
    return own;
  });
  stopIfAsked();
  const env = {
    ...process.env,
    INIT_CWD: process.env['INIT_CWD'] ?? process.cwd(),
    PATH: [join(modules, '.bin'), process.env['PATH'] ?? ''].join(delimiter),
  };
  return run(node, [join(root, command.script), ...args], { env, stdio: 'inherit' });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  if (error.message !== '') say(`git-mirror: ${error.message}`);
  process.exitCode = error.status;
}
