import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

/**
 * Makes the git that is unpacked in `folder`/root runnable: `folder`/bin/git, and programs in `folder`/libexec that git
 * finds by itself. Each is a script that starts the real program with the loader and the libraries beside it, because a
 * program that is linked to a newer C library than the machine's cannot be started otherwise.
 */
export async function wrapPrograms(folder: string): Promise<void> {
  const core = join(folder, 'root', 'usr', 'lib', 'git-core');
  const [bin, libexec] = [join(folder, 'bin'), join(folder, 'libexec')];
  if (await isWrapped(bin, folder)) return;
  for (const path of [bin, libexec]) {
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
  }
  const start = await startLine(folder);
  for (const name of await readdir(core)) {
    const [source, target] = [join(core, name), join(libexec, name)];
    const info = await lstat(source);
    const leadsTo = info.isSymbolicLink() ? basename(await readlink(source)) : name;
    if (info.isDirectory()) await symlink(source, target);
    else if (leadsTo === 'git' && name !== 'git') {
      // Git looks at the name it was started by; the loader hides that name from it.
      await writeScript(target, `${start} "${join(core, 'git')}" ${name.replace(/^git-/, '')} "$@"`, folder);
    } else if (await isElf(join(core, leadsTo)))
      await writeScript(target, `${start} "${join(core, leadsTo)}" "$@"`, folder);
    else await symlink(source, target);
  }
  const git =
    existsSync(join(core, 'git')) && (await isElf(join(core, 'git')))
      ? join(core, 'git')
      : join(folder, 'root/usr/bin/git');
  await writeScript(join(libexec, 'git'), `${start} "${git}" "$@"`, folder);
  await writeScript(join(bin, 'git'), `${start} "${git}" "$@"`, folder);
}

async function isWrapped(bin: string, folder: string): Promise<boolean> {
  const text = await readFile(join(bin, 'git'), 'utf8').catch(() => '');
  return text.includes(`GIT_EXEC_PATH="${join(folder, 'libexec')}"`);
}

async function startLine(folder: string): Promise<string> {
  const libraryFolders: string[] = [];
  let loader: string | undefined;
  for (const parent of ['lib', 'usr/lib', 'lib64', 'usr/lib64']) {
    const path = join(folder, 'root', parent);
    if (!existsSync(path)) continue;
    for (const name of await readdir(path)) {
      if (/^ld-linux.*\.so\.\d$/.test(name)) loader ??= await followInside(join(path, name), folder);
      if (/-linux-gnu\w*$/.test(name)) {
        libraryFolders.push(join(path, name));
        for (const file of await readdir(join(path, name))) {
          if (/^ld-linux.*\.so\.\d$/.test(file)) loader = await followInside(join(path, name, file), folder);
        }
      }
    }
  }
  if (loader === undefined) throw new Error(`there is no loader below ${folder}`);
  return `exec "${loader}" --library-path "${libraryFolders.join(':')}"`;
}

/** Absolute links of a package are meant from the root it is unpacked in. */
async function followInside(path: string, folder: string): Promise<string | undefined> {
  const info = await lstat(path);
  if (!info.isSymbolicLink()) return path;
  const target = await readlink(path);
  const followed = target.startsWith('/') ? join(folder, 'root', target) : join(path, '..', target);
  return existsSync(followed) ? followed : undefined;
}

async function isElf(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(elfMagic);
  } finally {
    await file.close();
  }
}

async function writeScript(path: string, line: string, folder: string): Promise<void> {
  const text = [
    '#!/bin/sh',
    `export GIT_EXEC_PATH="${join(folder, 'libexec')}"`,
    `export GIT_TEMPLATE_DIR="${join(folder, 'root/usr/share/git-core/templates')}"`,
    `${line}\n`,
  ];
  await writeFile(path, text.join('\n'));
  await chmod(path, 0o755);
}
