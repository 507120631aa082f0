import { expect, test } from 'vitest';
import { streamOf } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { chooseBackend, parseBackendChoice } from './backend-choice.ts';
import { NeedsGitError } from '../upload/upload-error.ts';
import type { GitBackend, GitRequest, GitResponse } from './git-backend.ts';
import { defaultHandlerLimits } from './handler-limits.ts';
import { RequestReport } from './request-observer.ts';
import { RolloutBackend, type RolloutOptions } from './rollout-backend.ts';

const answer = (text: string): GitResponse => ({ status: 200, headers: [], body: streamOf(Buffer.from(text)) });

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
}

function requestOf(change: Partial<GitRequest> = {}): GitRequest & { readonly observer: RequestReport } {
  return {
    directory: '/a.git',
    method: 'POST',
    path: 'git-upload-pack',
    query: '',
    headers: new Map(),
    gitProtocol: '',
    body: streamOf(Buffer.from('one'), Buffer.from('two')),
    maxBodyBytes: 1000,
    limits: defaultHandlerLimits,
    remoteAddress: '10.0.0.1',
    signal: new AbortController().signal,
    ...change,
    observer: new RequestReport(),
  };
}

const echo: GitBackend = { handle: async ({ body }) => answer(`git ${await textOf(body)}`) };
const native: GitBackend = { handle: async ({ body }) => answer(`native ${await textOf(body)}`) };
const rollout = (change: Partial<RolloutOptions> = {}): RolloutBackend =>
  new RolloutBackend({ native, git: echo, choice: 'native', ...change });

test.each([
  ['native', 'native'],
  ['git', 'git'],
  ['canary:5', 'canary:5'],
  ['canary:12.5%', 'canary:12.5'],
  ['canary:0', 'canary:0'],
  ['canary:100', 'canary:100'],
])('%s is a choice', (text, choice) => {
  expect(parseBackendChoice(text)).toBe(choice);
});

test.each(['', 'Git', 'canary', 'canary:', 'canary:101', 'canary:-1', 'canary:x'])('%j is none', (text) => {
  expect(() => parseBackendChoice(text)).toThrow(expect.objectContaining({ code: 'GM_USAGE' }));
});

test('a share is about that large, one client stays with one backend, and a larger share keeps its clients', () => {
  const clients = Array.from({ length: 4000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const chosen = (percent: number) =>
    new Set(clients.filter((client) => chooseBackend(`canary:${percent}`, '/a.git', client) === 'native'));
  const [small, large] = [chosen(10), chosen(30)];
  expect(small.size / clients.length).toBeCloseTo(0.1, 1);
  expect(large.size / clients.length).toBeCloseTo(0.3, 1);
  expect([...small].every((client) => large.has(client))).toBe(true);
  expect(chosen(10)).toEqual(small);
  expect(chosen(0).size).toBe(0);
  expect(chosen(100).size).toBe(clients.length);
});

test('the chosen backend answers, and is named', async () => {
  const request = requestOf();
  expect(await textOf((await rollout().handle(request)).body)).toBe('native onetwo');
  expect(request.observer.backend).toBe('native');
  const other = requestOf();
  expect(await textOf((await rollout({ choice: 'git' }).handle(other)).body)).toBe('git onetwo');
  expect(other.observer.backend).toBe('git');
});

test('M6: whoever names a URL gets the native one, which knows what that means', async () => {
  const request = requestOf({ gitProtocol: 'version=2:url=https%3A//o/x' });
  expect(await textOf((await rollout({ choice: 'git', advertise: 'git' }).handle(request)).body)).toBe('native onetwo');
  expect(request.observer.backend).toBe('native');
});

test('the advertisement can be had from the other one', async () => {
  const request = requestOf({ method: 'GET', path: 'info/refs', query: 'service=git-upload-pack', body: streamOf() });
  expect(await textOf((await rollout({ advertise: 'git' }).handle(request)).body)).toBe('git ');
  const second = requestOf();
  expect(await textOf((await rollout({ advertise: 'git' }).handle(second)).body)).toBe('native onetwo');
});

test('what only git can serve is served by git, with the body from its beginning', async () => {
  const needsGit: GitBackend = {
    handle: async ({ body }) => {
      for await (const chunk of body) {
        // Chunks may be handed to another thread, which takes their memory away.
        structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] });
        throw new NeedsGitError('it has a hook');
      }
      return answer('');
    },
  };
  const body = streamOf(new Uint8Array(Buffer.from('one')), new Uint8Array(Buffer.from('two')));
  const request = requestOf({ body });
  expect(await textOf((await rollout({ native: needsGit }).handle(request)).body)).toBe('git onetwo');
  expect(request.observer.backend).toBe('git');
});

test('what the native backend was still waiting for when it gave up is not lost', async () => {
  const second = Promise.withResolvers<unknown>();
  async function* slow(): AsyncGenerator<Uint8Array, void, void> {
    yield new Uint8Array(Buffer.from('one'));
    await second.promise;
    yield new Uint8Array(Buffer.from('two'));
  }
  const givesUp: GitBackend = {
    handle: async ({ body }) => {
      const iterator = body[Symbol.asyncIterator]();
      await iterator.next();
      void iterator.next();
      throw new NeedsGitError('it has a hook');
    },
  };
  const answered = rollout({ native: givesUp }).handle(requestOf({ body: slow() }));
  setTimeout(second.resolve, 20);
  expect(await textOf((await answered).body)).toBe('git onetwo');
});

test('any other error of the native backend is an error', async () => {
  const broken: GitBackend = {
    handle: async () => {
      throw new GitMirrorError('GM_CORRUPT', 'broken');
    },
  };
  await expect(rollout({ native: broken }).handle(requestOf())).rejects.toMatchObject({ code: 'GM_CORRUPT' });
});
