import { describe, expect, it } from 'vitest';
import { defaultPackSettings, readPackSettings, type ReadableConfig } from './pack-settings.ts';

function configOf(values: Readonly<Record<string, string>>): ReadableConfig {
  return {
    get: (key) => values[key],
    getBoolean: (key) => {
      const value = values[key];
      if (value === undefined) return undefined;
      if (value === 'true' || value === 'false') return value === 'true';
      throw new Error(`bad boolean config value '${value}' for '${key}'`);
    },
    getInteger: (key) => (values[key] === undefined ? undefined : Number(values[key])),
  };
}

describe('readPackSettings', () => {
  it("gives git's defaults", () => {
    expect(readPackSettings(configOf({}))).toEqual(defaultPackSettings);
  });

  it('reads every key, and brings window and depth into range', () => {
    const settings = readPackSettings(
      configOf({
        'pack.window': '-3',
        'pack.windowmemory': '1000000',
        'pack.depth': '5000',
        'core.compression': '2',
        'core.bigfilethreshold': '1048576',
        'pack.threads': '3',
        'pack.allowpackreuse': 'false',
      }),
    );
    expect(settings).toEqual({
      window: 0,
      windowMemory: 1_000_000,
      depth: 4095,
      compression: 2,
      bigFileThreshold: 1_048_576,
      threads: 3,
      allowPackReuse: false,
    });
  });

  it('lets pack.compression win, and takes the words for pack reuse', () => {
    const settings = readPackSettings(
      configOf({ 'pack.compression': '9', 'core.compression': '1', 'pack.allowpackreuse': 'Multi' }),
    );
    expect([settings.compression, settings.allowPackReuse]).toEqual([9, true]);
  });

  it.each([
    [{ 'pack.compression': '10' }, 'bad pack compression level 10'],
    [{ 'core.compression': '-2' }, 'bad zlib compression level -2'],
    [{ 'pack.threads': '-1' }, 'invalid number of threads specified (-1)'],
    [{ 'pack.allowpackreuse': 'some' }, "invalid pack.allowPackReuse value: 'some'"],
  ])('refuses %j in the words of git', (values, message) => {
    expect(() => readPackSettings(configOf(values))).toThrow(expect.objectContaining({ code: 'GM_CORRUPT', message }));
  });
});
