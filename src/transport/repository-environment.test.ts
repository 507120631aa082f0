import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { programEnvironment, withConfiguration } from './repository-environment.ts';

it('removes every variable that git says is bound to a repository', () => {
  const names = execFileSync('git', ['rev-parse', '--local-env-vars'], { encoding: 'utf8' }).trim().split('\n');
  expect(names).toContain('GIT_DIR');
  const env = Object.fromEntries([...names, 'GIT_QUARANTINE_PATH', 'GIT_CONFIG_KEY_0'].map((name) => [name, 'x']));
  expect(programEnvironment(env, { keepConfiguration: false })).toEqual({ LC_MESSAGES: 'C' });
});

it('leaves the rest, and the configuration of the command line where it is wanted', () => {
  const kept = { PATH: '/bin', GIT_CONFIG_GLOBAL: '/x', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.b' };
  const env = { ...kept, GIT_DIR: 'x' };
  expect(programEnvironment(env, { keepConfiguration: true })).toEqual({ ...kept, LC_MESSAGES: 'C' });
  expect(programEnvironment(env, { keepConfiguration: false })).toEqual({
    PATH: '/bin',
    GIT_CONFIG_GLOBAL: '/x',
    LC_MESSAGES: 'C',
  });
});

it('keeps our own secrets from other programs', () => {
  const env = { GIT_MIRROR_SOURCE_TOKEN: 's', GIT_MIRROR_TARGET_BEARER_TOKEN: 's', GIT_MIRROR_TRACE_PACKET: 'f' };
  expect(programEnvironment(env, { keepConfiguration: true })).toMatchObject({ GIT_MIRROR_TRACE_PACKET: 'f' });
  expect(JSON.stringify(programEnvironment(env, { keepConfiguration: true }))).not.toContain('TOKEN');
});

it('has messages in English whatever the language of the user', () => {
  const env = { LC_ALL: 'de_DE.UTF-8', LANG: 'fr_FR', LANGUAGE: 'de' };
  expect(programEnvironment(env, { keepConfiguration: false })).toEqual({
    LANG: 'de_DE.UTF-8',
    LANGUAGE: 'de',
    LC_MESSAGES: 'C',
  });
});

it('adds configuration that git reads', () => {
  const env = withConfiguration(withConfiguration({ PATH: process.env['PATH'] }, 'a.b', '1'), 'a.c', 'two');
  const read = (key: string): string => execFileSync('git', ['config', key], { env, encoding: 'utf8' }).trim();
  expect([read('a.b'), read('a.c')]).toEqual(['1', 'two']);
});
