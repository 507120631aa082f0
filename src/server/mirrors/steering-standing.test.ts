import { describe, expect, it } from 'vitest';
import type { SteerRequest } from './mirror-service.ts';
import { needsHttps, steeringStanding } from './steering-standing.ts';

/** As stock git sends it. */
const stock = {
  host: 'origin.example.org',
  'user-agent': 'git/2.47.3',
  accept: '*/*',
  'accept-encoding': 'deflate, gzip',
};

function asked(headers: Readonly<Record<string, string>>, gitProtocol = 'version=2', url?: string): SteerRequest {
  return {
    repository: { directory: '/srv/x.git', name: 'x.git', url },
    caller: { remoteAddress: '192.0.2.7' },
    headers: new Map(Object.entries({ ...stock, ...headers })),
    gitProtocol,
    signal: new AbortController().signal,
  };
}

describe('steeringStanding (M10)', () => {
  it('lets go what stock git asks, also through a proxy', () => {
    expect(steeringStanding(asked({}))).toBe('open');
    expect(steeringStanding(asked({ pragma: 'no-cache', 'git-protocol': 'version=2', 'accept-language': 'de' }))).toBe(
      'open',
    );
    expect(
      steeringStanding(asked({ 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', via: '1.1 p' })),
    ).toBe('open');
    expect(steeringStanding(asked({}, ''))).toBe('open');
  });

  it.each([
    'authorization',
    'proxy-authorization',
    'cookie',
    'private-token',
    'job-token',
    'x-api-key',
    'cf-access-client-secret',
    'ssl-client-cert',
    'x-client-cert',
    'x-forwarded-client-cert',
    'x-forwarded-user',
    'x-anything',
  ])('keeps here what carries %s', (name) => {
    expect(steeringStanding(asked({ [name]: '' }))).toBe('personal');
  });

  it('listens to clients that want this server itself', () => {
    expect(steeringStanding(asked({ 'git-mirror': 'direct' }))).toBe('declined');
    expect(steeringStanding(asked({ 'git-mirror': 'x, Direct', authorization: 'Basic eA==' }))).toBe('declined');
    expect(steeringStanding(asked({}, 'version=2:mirror=direct'))).toBe('declined');
    expect(steeringStanding(asked({}, 'mirror=direct'))).toBe('declined');
    expect(steeringStanding(asked({}, 'version=1:mirror'))).toBe('declined');
    expect(steeringStanding(asked({}, 'version=2:url=https%3A//x.example.org/y'))).toBe('declined');
    expect(steeringStanding(asked({ 'user-agent': 'git-mirror/1.0.0' }))).toBe('declined');
    expect(steeringStanding(asked({}, 'version=2:mirrored'))).toBe('open');
  });
});

describe('needsHttps (M10)', () => {
  const url = 'http://origin.example.org/x.git';

  it('holds for https, and where nobody knows', () => {
    expect(needsHttps(asked({}, '', 'https://origin.example.org/x.git'))).toBe(true);
    expect(needsHttps(asked({}, '', undefined))).toBe(true);
    expect(needsHttps(asked({ 'x-forwarded-proto': 'https' }, '', url))).toBe(true);
    expect(needsHttps(asked({ 'x-forwarded-proto': 'https,http' }, '', url))).toBe(true);
    expect(needsHttps(asked({ forwarded: 'for=192.0.2.7;proto=https, for=10.0.0.1;proto=http' }, '', url))).toBe(true);
    expect(needsHttps(asked({ 'x-forwarded-for': '192.0.2.7' }, '', url))).toBe(true);
    expect(needsHttps(asked({ via: '1.1 proxy' }, '', url))).toBe(true);
  });

  it('does not hold for plain http', () => {
    expect(needsHttps(asked({}, '', url))).toBe(false);
    expect(needsHttps(asked({ 'x-forwarded-proto': 'http', via: '1.1 proxy' }, '', url))).toBe(false);
    expect(needsHttps(asked({ forwarded: 'for=192.0.2.7;proto="http"' }, '', url))).toBe(false);
  });
});
