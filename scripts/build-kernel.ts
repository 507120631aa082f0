// `node scripts/build-kernel.ts [folder ...]`: compiles assembly/ to src/kernel/kernel.wasm unless that has been done
// already, and copies it to each folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Run as a program: as a module, its types would change those of arrays in this project. */
const compiler = fileURLToPath(import.meta.resolve('assemblyscript/bin/asc.js'));
const root = join(import.meta.dirname, '..');
const assembly = join(root, 'assembly');
const output = join(root, 'src', 'kernel', 'kernel.wasm');
/** Says what the module beside it was made from. */
const stamp = `${output}.built`;

const options = [
  ...['-O3', '--converge', '--noAssert'],
  ...['--runtime', 'stub', '--importMemory', '--noExportMemory', '--zeroFilledMemory'],
  ...['--enable', 'simd'],
];

/** Everything that decides what the compiler writes. */
function buildKey(): string {
  const hash = createHash('sha256')
    .update(options.join(' '))
    .update(readFileSync(join(compiler, '..', '..', 'package.json')));
  for (const name of readdirSync(assembly).sort()) {
    hash
      .update('\0')
      .update(name)
      .update('\0')
      .update(readFileSync(join(assembly, name)));
  }
  return hash.digest('hex');
}

function compile(): void {
  const key = buildKey();
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  // Others may read the module at any time: it appears whole or not at all.
  const fresh = `${output}.${process.pid}`;
  const source = join(assembly, 'index.ts');
  const { status } = spawnSync(process.execPath, [compiler, source, '--outFile', fresh, ...options], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    process.stderr.write('The kernel could not be compiled: the errors of the compiler are above.\n');
    process.exit(1);
  }
  renameSync(fresh, output);
  writeFileSync(stamp, key);
}

compile();
for (const folder of process.argv.slice(2)) {
  mkdirSync(folder, { recursive: true });
  copyFileSync(output, join(folder, 'kernel.wasm'));
}
