import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { directEnvironment } from './direct-environment.ts';

const headers = (env: NodeJS.ProcessEnv): readonly string[] =>
  execFileSync('git', ['config', '--get-all', 'http.extraHeader'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
    .trim()
    .split('\n');

describe('directEnvironment (M10)', () => {
  it('adds a header to whatever the environment has set', () => {
    expect(headers(directEnvironment({}))).toEqual(['Git-Mirror: direct']);
    const set = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.extraHeader', GIT_CONFIG_VALUE_0: 'X-Mine: 1' };
    expect(headers(directEnvironment(set))).toEqual(['X-Mine: 1', 'Git-Mirror: direct']);
  });

  it('leaves to git what makes no sense', () => {
    const env = { GIT_CONFIG_COUNT: 'many' };
    expect(directEnvironment(env)).toBe(env);
  });
});
