import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../core/limits.ts';
import { listCapability } from '../../test/wire/arbitraries.ts';
import { Capabilities, formatCapabilityList, requireObjectFormat } from './capabilities.ts';

describe('Capabilities', () => {
  it('reads the list of a v0 server', () => {
    const read = Capabilities.parseList(
      'multi_ack side-band-64k symref=HEAD:refs/heads/main symref=X:refs/heads/a=b empty= agent=git/2.39.5\n',
    );
    expect(read.names()).toEqual(['multi_ack', 'side-band-64k', 'symref', 'empty', 'agent']);
    expect(read.has('multi_ack')).toBe(true);
    expect(read.has('multi')).toBe(false);
    expect(read.value('multi_ack')).toBeUndefined();
    expect(read.value('empty')).toBe('');
    expect(read.values('symref')).toEqual(['HEAD:refs/heads/main', 'X:refs/heads/a=b']);
    expect(read.values('nothing')).toEqual([]);
    expect(read.objectFormat()).toBe('sha1');
  });

  it('reads the lines of a v2 server and their features', () => {
    const read = Capabilities.parseLines(['ls-refs=unborn', 'fetch=shallow wait-for-done  filter', 'server-option']);
    expect([...read.features('fetch')]).toEqual(['shallow', 'wait-for-done', 'filter']);
    expect([...read.features('server-option')]).toEqual([]);
    expect([...read.features('nothing')]).toEqual([]);
  });

  it('formats what it has read as it was', () => {
    fc.assert(
      fc.property(fc.array(listCapability), (items) => {
        const text = items.join(' ');
        expect(Capabilities.parseList(text).formatList()).toBe(text);
        expect(Capabilities.parseLines(items).formatLines()).toEqual(items);
      }),
    );
  });

  it('passes over what is nameless or holds control characters', () => {
    expect(Capabilities.parseLines(['', '=x', 'a\u001b[31m=1', 'good']).formatLines()).toEqual(['good']);
  });

  it('is not fooled by the names of object properties', () => {
    const read = Capabilities.parseList('__proto__=1 constructor');
    expect(read.value('__proto__')).toBe('1');
    expect(read.has('toString')).toBe(false);
  });

  it('is bounded in number and in size', () => {
    const many = Array.from({ length: limits.maxCapabilities + 1 }, (_, index) => `c${index}`);
    expect(() => Capabilities.parseLines(many)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
    const large = Array.from({ length: 20 }, () => 'x'.repeat(65_000));
    expect(() => Capabilities.parseLines(large)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
  });

  it('knows two hash functions and refuses others', () => {
    expect(Capabilities.parseList('object-format=sha256 object-format=sha1').objectFormat()).toBe('sha256');
    expect(() => Capabilities.parseList('object-format=md5').objectFormat()).toThrow(
      expect.objectContaining({ code: 'GM_OBJECT_FORMAT' }),
    );
    expect(() => {
      requireObjectFormat(Capabilities.parseList(''), 'sha256');
    }).toThrow(expect.objectContaining({ code: 'GM_OBJECT_FORMAT' }));
  });
});

describe('formatCapabilityList', () => {
  it.each(['two words', '', 'nul\0', 'line\nend'])('refuses %j, which would read as something else', (bad) => {
    expect(() => formatCapabilityList(['good', bad])).toThrow(expect.objectContaining({ code: 'GM_INTERNAL' }));
  });
});
