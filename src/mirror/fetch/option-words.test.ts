import { describe, expect, it } from 'vitest';
import { readFetchCommand } from './fetch-options.ts';
import { readOptionWords, type OptionTable } from './option-words.ts';

const table: OptionTable = {
  long: { depth: 'required', deepen: 'required', quiet: 'none', recurse: 'optional', tags: 'none' },
  short: { q: 'quiet', n: 'no-tags', d: 'depth' },
};

describe('readOptionWords', () => {
  it.each([
    ['--depth 1 url', ['depth=1'], ['url']],
    ['--depth=1 url dir', ['depth=1'], ['url', 'dir']],
    ['-qd1 url', ['quiet', 'depth=1'], ['url']],
    ['-d 1 -- --depth', ['depth=1'], ['--depth']],
    ['--dep 2 url', ['depth=2'], ['url']],
    ['--de 2', ['?de'], ['2']],
    ['--recurse url', ['recurse'], ['url']],
    ['--recurse=x url', ['recurse=x'], ['url']],
    ['--no-tags -n --no-quiet', ['no-tags', 'no-tags', 'no-quiet'], []],
    ['--new url -', ['?new'], ['url', '-']],
    ['-x url', ['?x'], ['url']],
  ])('reads %s', (line, options, operands) => {
    const read = readOptionWords(line.split(' '), table);
    const shown = read.options.map(
      ({ name, value, isKnown }) => `${isKnown ? '' : '?'}${name}${value === undefined ? '' : `=${value}`}`,
    );
    expect(shown).toEqual(options);
    expect(read.operands).toEqual(operands);
  });
});

describe('readFetchCommand', () => {
  it('finds the remote behind values of flags', () => {
    const command = readFetchCommand(['-j', '4', '--filter', 'tree:0', '--upload-pack', 'x', 'up', 'main']);
    expect(command).toMatchObject({ repository: 'up', refspecs: ['main'], scope: ['--filter=tree:0'] });
    expect(command.isForMirrors).toBe(false);
  });

  it('knows when it does not know what git does', () => {
    expect(readFetchCommand(['-q', '--prune', 'origin'])).toMatchObject({ isUnderstood: true, isForMirrors: true });
    for (const words of [['-v'], ['--append'], ['origin', 'main'], ['--recurse-submodules']]) {
      expect(readFetchCommand(words)).toMatchObject({ isUnderstood: false, isForMirrors: true });
    }
    expect(readFetchCommand(['--never-heard-of'])).toMatchObject({ isUnderstood: false, isForMirrors: false });
  });
});
