import { expect, test } from 'vitest';
import { GitSettings } from '../settings/git-settings.ts';
import { findOrigin } from './find-origin.ts';

const url = 'https://git.example/x.git';

test('a URL that nothing rewrites stays, with the settings of the remote', () => {
  const settings = new GitSettings(
    new Map([
      ['remote.origin.proxy', ['http://proxy.example']],
      ['remote.other.proxy', ['http://elsewhere.example']],
      ['url.ssh://git.example/.insteadof', ['https://git.example/']],
    ]),
  );
  // Git itself follows the rules of the user: none of them leads back.
  expect(findOrigin(settings, 'origin', url)).toEqual({
    url,
    pushUrl: undefined,
    settings: [['proxy', 'http://proxy.example']],
    rules: [],
  });
});

test('rules that lead here count no more, the longest of the others does', () => {
  const settings = new GitSettings(
    new Map([
      ['url.mirror::https://git.example/.insteadof', ['https://git.example/']],
      ['url.https://near.example/.insteadof', ['https://']],
      ['url.https://nearest.example/.insteadof', ['https://git.example/']],
      ['url.ssh://git@git.example/.pushinsteadof', ['https://git.example/']],
    ]),
  );
  const [fetchUrl, pushUrl] = ['https://nearest.example/x.git', 'ssh://git@git.example/x.git'];
  expect(findOrigin(settings, 'origin', url)).toEqual({
    url: fetchUrl,
    pushUrl,
    settings: [],
    rules: [fetchUrl, pushUrl].flatMap((whole) => [
      [`url.${whole}.insteadOf`, whole],
      [`url.${whole}.pushInsteadOf`, whole],
    ]),
  });
});
