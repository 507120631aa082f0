import { expect, it } from 'vitest';
import { displayUrl, redactUrls } from './display-url.ts';

it.each([
  ['https://user:secret@host/x', 'https://host/x'],
  ['https://ghp_token@host/x', 'https://host/x'],
  ['https://user:p@ss@host:8443/x', 'https://host:8443/x'],
  ['https://host/x@v2', 'https://host/x@v2'],
  ['https://host/x?private_token=secret&y=1', 'https://host/x?private_token=***&y=***'],
  ['ssh://git@host:22/x', 'ssh://git@host:22/x'],
  ['ssh://git:secret@host/x', 'ssh://git@host/x'],
  ['git@host:x', 'git@host:x'],
  ['http::https://user:secret@host/x', 'http::https://host/x'],
  ['foo://user:secret@host/x', 'foo://host/x'],
  ['/srv/x.git', '/srv/x.git'],
  ['HTTPS://user:secret@host:bad/x', 'HTTPS://host:bad/x'],
])('shows %s as %s', (url, shown) => {
  expect(displayUrl(url)).toBe(shown);
});

it('takes credentials out of the URLs in a text', () => {
  expect(redactUrls("fatal: unable to access 'https://u:secret@host/x/': no; see https://docs/y?z=1")).toBe(
    "fatal: unable to access 'https://host/x/': no; see https://docs/y?z=1",
  );
});
