import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRepositoryName } from '../server/repository-table.ts';
import { chooseRepositoryName } from './repository-name.ts';

test.each([
  ['https://example.com/group/app.git', 'app.git'],
  ['https://example.com/group/app', 'app.git'],
  ['https://example.com/group/app.git/', 'app.git'],
  ['https://example.com/app.git?x=../../y', 'app.git'],
  ['git@example.com:app.git', 'app.git'],
  ['git@example.com:group/app', 'app.git'],
  ['ssh://git@example.com:22/~me/app.git', 'app.git'],
  ['/srv/app/.git', 'app.git'],
  ['/srv/My Project (old)', 'My-Project-old.git'],
  ['C:\\work\\app', 'app.git'],
  ['https://example.com/', 'repository.git'],
  ['https://example.com/../..', 'repository.git'],
  ['/', 'repository.git'],
  ['/srv/日本語', 'srv.git'],
  ['/srv/.hidden', 'hidden.git'],
  ['/srv/a..b', 'a.b.git'],
])('%s is called %s', (upstream, name) => {
  expect(chooseRepositoryName(upstream, [])).toBe(name);
});

test('a name in use gets a number, also when it differs in case alone', () => {
  expect(chooseRepositoryName('/x/app', ['app.git'])).toBe('app-2.git');
  expect(chooseRepositoryName('/x/app', ['App.git', 'app-2.git'])).toBe('app-3.git');
});

test('whatever the upstream is, the name can be served and is new', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 20 }), (upstream, other) => {
      const first = chooseRepositoryName(upstream, []);
      const second = chooseRepositoryName(`${other}/${upstream}`, [first]);
      expect(isRepositoryName(first)).toBe(true);
      expect(isRepositoryName(second)).toBe(true);
      expect(second.toLowerCase()).not.toBe(first.toLowerCase());
    }),
  );
});
