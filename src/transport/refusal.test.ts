import { expect, it } from 'vitest';
import { refusalOf } from './refusal.ts';

it.each([
  ['git@github.com: Permission denied (publickey).; fatal: Could not read from remote repository.', 'GM_AUTH'],
  ['Host key verification failed.', 'GM_AUTH'],
  ["fatal: could not read Username for 'http://host': terminal prompts disabled", 'GM_AUTH'],
  ["fatal: '/srv/x' does not appear to be a git repository", 'GM_NOT_FOUND'],
  ['ERROR: Repository not found.', 'GM_NOT_FOUND'],
  [
    "ERROR: The project you were looking for could not be found or you don't have permission to view it.",
    'GM_NOT_FOUND',
  ],
  ['remote: Not Found; fatal: repository "http://host/x/" not found', 'GM_NOT_FOUND'],
  ['access denied or repository not exported: /x', 'GM_NOT_FOUND'],
  ["service not enabled: '/x'", 'GM_FORBIDDEN'],
  ['ERROR: Permission to group/x.git denied to deploy key', 'GM_FORBIDDEN'],
  ["fatal: detected dubious ownership in repository at '/x'", 'GM_FORBIDDEN'],
  ['ssh: Could not resolve hostname nowhere.invalid: Name or service not known', 'GM_NETWORK'],
  ['ssh: connect to host 127.0.0.1 port 1: Connection refused', 'GM_NETWORK'],
  ['fatal: unable to access: SSL certificate problem: self-signed certificate', 'GM_TLS'],
  ['fatal: out of memory', 'GM_REMOTE'],
  ['', 'GM_REMOTE'],
])('understands %j as %s', (text, code) => {
  const error = refusalOf({ url: 'ssh://host/x', speaker: 'ssh', text, otherwise: 'GM_REMOTE' });
  expect(error.code).toBe(code);
  expect(error.message).toContain('ssh://host/x');
  expect(error.message).toContain(text);
});
