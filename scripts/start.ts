// `npm start [-- [flags] <url or path> ...]`: the built `git mirror up`, with this checkout as the repository to mirror
// when none is named, and `.data/` in the checkout as its data folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { upArguments } from './up-arguments.ts';

const root = join(import.meta.dirname, '..');
// npm runs scripts in the folder of the package; paths are meant from where the user stands.
const standingIn = process.env['INIT_CWD'];
if (standingIn !== undefined && existsSync(standingIn)) process.chdir(standingIn);

const main = join(root, 'dist', 'cli', 'main.js');
process.argv = [process.execPath, main, 'up', ...upArguments(process.argv.slice(2), root, process.env)];
await import(pathToFileURL(main).href);
