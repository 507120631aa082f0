import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram, commandSpecs } from '../program.ts';
import { describeTree } from './command-tree.ts';
import { completionScript, type Shell } from './completion-script.ts';

const tree = describeTree(buildProgram(() => Promise.resolve()));
let folder: string;
const pathOf = (shell: Shell) => join(folder, `completion.${shell}`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'git-mirror-completion-'));
  for (const shell of ['bash', 'zsh', 'fish'] as const) writeFileSync(pathOf(shell), completionScript(shell, tree));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function hasShell(shell: Shell): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0;
}

function bash(script: string): string[] {
  const output = execFileSync('bash', ['--norc', '-c', `source "$1"; ${script}`, 'bash', pathOf('bash')], {
    cwd: folder,
    encoding: 'utf8',
  });
  return output.split('\n').filter((line) => line !== '');
}

/** What bash offers for a line that ends where the cursor stands. */
function offered(line: string): string[] {
  return bash(`COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}; __git_mirror_main
    printf '%s\\n' "\${COMPREPLY[@]}"`);
}

/** What git's own completion gets for `git <words>`: it sets these variables and calls the function. */
function offeredToGit(...words: string[]): string[] {
  const list = words.map((word) => JSON.stringify(word)).join(' ');
  return bash(`complete_like_git () {
      local words=(${list}) cword=${words.length - 1} cur=${JSON.stringify(words.at(-1))} prev=${JSON.stringify(words.at(-2))}
      _git_mirror; printf '%s\\n' "\${COMPREPLY[@]}"
    }; complete_like_git`);
}

describe('bash', () => {
  test('registers git-mirror, and leaves paths to bash', () => {
    expect(bash('complete -p git-mirror')).toEqual([
      'complete -o bashdefault -o default -o nospace -F __git_mirror_main git-mirror',
    ]);
    expect(offered('git-mirror sync /sr')).toEqual([]);
  });

  test('commands', () => {
    expect(offered('git-mirror ')).toEqual(tree.commands.map(({ name }) => `${name} `));
    expect(offered('git-mirror rep')).toEqual(['replicate ']);
    expect(offered('git-mirror --json pro')).toEqual(['probe ']);
    expect(offered('git-mirror help sy')).toEqual(['sync ']);
  });

  test('flags', () => {
    expect(offered('git-mirror --ver')).toEqual(['--version ', '--verbose ']);
    expect(offered('git-mirror sync --dry')).toEqual(['--dry-run ']);
    expect(offered('git-mirror sync /a --prot')).toEqual(['--protocol=']);
    expect(offered('git-mirror plan --dry')).toEqual([]);
  });

  test('values', () => {
    expect(offered('git-mirror sync --protocol=v')).toEqual(['v1 ', 'v2 ']);
    expect(offered('git-mirror sync --protocol ')).toEqual(['auto ', 'v1 ', 'v2 ']);
    expect(offered('git-mirror sync --on-rewrite k')).toEqual(['keep ']);
    expect(offered('git-mirror completion ')).toEqual(['bash ', 'zsh ', 'fish ']);
    expect(offered('git-mirror sync --branch ')).toEqual([]);
  });

  test('git mirror, by way of the completion of git', () => {
    expect(offeredToGit('git', 'mirror', 'pl')).toEqual(['plan ']);
    expect(offeredToGit('git', '-C', 'x', 'mirror', 'plan', '--mo')).toEqual(['--mode=']);
    expect(offeredToGit('git', 'mirror', 'plan', '--mode=')).toEqual(['sync ', 'replicate ']);
  });

  test('every flag of every command is offered', () => {
    for (const { name, flags } of tree.commands) {
      const expected = flags.map(({ long, value }) => (value === undefined ? `${long} ` : `${long}=`));
      expect(offered(`git-mirror ${name} --`)).toEqual(expected);
    }
  });
});

test.each(['zsh', 'fish'] as const)('the script for %s names every command and flag', (shell) => {
  const script = completionScript(shell, tree);
  for (const { name, flags } of tree.commands) {
    expect(script).toContain(name);
    for (const { long } of flags) expect(script).toContain(shell === 'fish' ? `-l ${long.slice(2)} ` : long);
  }
  expect(tree.commands.map(({ name }) => name)).toEqual([...commandSpecs.map(({ name }) => name), 'help']);
  // The shell itself has the last word wherever it is installed.
  if (hasShell(shell)) execFileSync(shell, ['-n', pathOf(shell)]);
});

test('flags that a command refuses are not offered', () => {
  const replicate = tree.commands.find(({ name }) => name === 'replicate');
  expect(replicate?.flags.map(({ long }) => long)).not.toContain('--force');
});
