import { describe, expect, it } from 'vitest';
import { assertTransportAllowed } from './allowed-transports.ts';

describe('assertTransportAllowed', () => {
  it.each(['http', 'https', 'git', 'ssh', 'file', 'foo'])('lets a user use %s', (name) => {
    expect(() => {
      assertTransportAllowed(name, {});
    }).not.toThrow();
  });

  it.each(['ext', 'fd'])('refuses %s unless it is listed', (name) => {
    expect(() => {
      assertTransportAllowed(name, {});
    }).toThrow(/GIT_ALLOW_PROTOCOL/);
    expect(() => {
      assertTransportAllowed(name, { GIT_ALLOW_PROTOCOL: `ssh:${name}` });
    }).not.toThrow();
  });

  it('keeps to the list when there is one', () => {
    for (const list of ['', 'ssh', 'https:http']) {
      expect(() => {
        assertTransportAllowed('file', { GIT_ALLOW_PROTOCOL: list });
      }).toThrow(expect.objectContaining({ code: 'GM_USAGE' }) as Error);
    }
  });

  it('refuses the less safe ones for URLs that no user typed', () => {
    const env = { GIT_PROTOCOL_FROM_USER: '0' };
    for (const name of ['file', 'foo']) {
      expect(() => {
        assertTransportAllowed(name, env);
      }).toThrow(/GIT_PROTOCOL_FROM_USER/);
    }
    expect(() => {
      assertTransportAllowed('ssh', env);
    }).not.toThrow();
  });
});
