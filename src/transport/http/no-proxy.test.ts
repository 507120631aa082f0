import { describe, expect, it } from 'vitest';
import { isProxyExempt } from './no-proxy.ts';

describe('NO_PROXY', () => {
  it.each([
    // As curl 8 decides, tried with `curl --noproxy <list> --proxy http://127.0.0.1:1 <url>`.
    [undefined, 'example.com', 443, false],
    ['', 'example.com', 443, false],
    ['*', 'example.com', 443, true],
    [' * ', 'example.com', 443, true],
    ['example.com', 'example.com', 443, true],
    ['EXAMPLE.com', 'example.COM', 443, true],
    ['example.com', 'git.example.com', 443, true],
    ['.example.com', 'git.example.com', 443, true],
    ['.example.com', 'example.com', 443, true],
    ['example.com', 'notexample.com', 443, false],
    ['example.com', 'example.com.evil.org', 443, false],
    ['example.com.', 'example.com', 443, true],
    ['example.com', 'example.com.', 443, true],
    ['a.org, example.com', 'example.com', 443, true],
    ['a.org example.com', 'example.com', 443, true],
    ['192.168.0.0/16', '192.168.3.4', 80, true],
    ['192.168.0.0/16', '192.169.3.4', 80, false],
    ['192.168.0.1', '192.168.0.1', 80, true],
    ['192.168.0.1', '192.168.0.10', 80, false],
    ['168.0.1', '192.168.0.1', 80, false],
    ['10.0.0.0/33', '10.0.0.1', 80, false],
    ['10.0.0.0/x', '10.0.0.1', 80, false],
    ['::1', '[::1]', 80, true],
    ['[::1]', '[::1]', 80, true],
    ['fd00::/8', '[fd12::1]', 80, true],
    ['fd00::/8', '[fe80::1]', 80, false],
    ['127.0.0.1', '[::1]', 80, false],
    // Ports are ours: curl has none in this list, other tools do.
    ['example.com:8080', 'example.com', 8080, true],
    ['example.com:8080', 'example.com', 443, false],
    ['[::1]:8080', '[::1]', 8080, true],
    ['[::1]:8080', '[::1]', 80, false],
    [',,', 'example.com', 443, false],
    ['.', 'example.com', 443, false],
  ] as const)('%j exempts %s port %i: %s', (list, host, port, expected) => {
    expect(isProxyExempt(list, host, port)).toBe(expected);
  });
});
