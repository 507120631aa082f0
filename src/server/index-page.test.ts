import { expect, test } from 'vitest';
import { renderIndexPage } from './index-page.ts';

test('lists clone commands, and nothing a name or an upstream holds becomes markup', () => {
  const page = renderIndexPage(
    [
      { name: 'a.git', directory: '/x', state: 'ready', upstream: 'https://host/<script>"&' },
      { name: 'b.git', directory: '/y', state: 'preparing' },
    ],
    'http://h:1/',
  );
  expect(page).toContain('git clone http://h:1/a.git<');
  expect(page).toContain('https://host/&lt;script&gt;&quot;&amp;');
  expect(page).not.toContain('<script>');
  expect(page).not.toContain('git clone http://h:1/b.git');
});
