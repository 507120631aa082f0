import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { callerAddress, plainAddress } from './caller-address.ts';

const trusted = new BlockList();
trusted.addSubnet('10.0.0.0', 8, 'ipv4');
trusted.addSubnet('2001:db8:1::', 48, 'ipv6');
trusted.addAddress('127.0.0.1', 'ipv4');

describe('callerAddress (M5)', () => {
  it('is the other end of the connection when nothing was forwarded', () => {
    expect(callerAddress('192.0.2.7', undefined, trusted)).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', undefined, trusted)).toBe('10.0.0.1');
    expect(callerAddress(undefined, '192.0.2.7', trusted)).toBeUndefined();
    expect(callerAddress('/run/socket', '192.0.2.7', trusted)).toBeUndefined();
  });

  it('does not listen to strangers', () => {
    expect(callerAddress('192.0.2.7', '198.51.100.1', trusted)).toBe('192.0.2.7');
    expect(callerAddress('192.0.2.7', '198.51.100.1', new BlockList())).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', '198.51.100.1', new BlockList())).toBe('10.0.0.1');
  });

  it('takes the right-most address that is not of a proxy of ours, whatever a client wrote before it', () => {
    expect(callerAddress('10.0.0.1', '192.0.2.7', trusted)).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', '198.51.100.1, 192.0.2.7', trusted)).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', '198.51.100.1, 192.0.2.7, 10.9.9.9,127.0.0.1', trusted)).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', '10.1.1.1, 192.0.2.7', trusted)).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', '10.1.1.1, 10.2.2.2', trusted)).toBe('10.1.1.1');
  });

  it('believes nothing on the left of a value that is no address', () => {
    for (const value of ['unknown', '_hidden', '1.2.3', '999.1.1.1', '[::g]', '192.0.2.7;x', '\u0000']) {
      expect(callerAddress('10.0.0.1', `198.51.100.1, ${value}`, trusted)).toBe('10.0.0.1');
    }
    expect(callerAddress('10.0.0.1', '192.0.2.7, , ,', trusted)).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', '', trusted)).toBe('10.0.0.1');
  });

  it('reads IPv6, IPv4 mapped into it, brackets, ports and zones', () => {
    expect(callerAddress('::ffff:10.0.0.1', '2001:DB8:0:0::9', trusted)).toBe('2001:db8::9');
    expect(callerAddress('::ffff:a00:1', '192.0.2.7:4711', trusted)).toBe('192.0.2.7');
    expect(callerAddress('2001:db8:1::2', '[2001:db8::9]:443, [2001:db8:1::3]', trusted)).toBe('2001:db8::9');
    expect(callerAddress('127.0.0.1', '::ffff:192.0.2.7', trusted)).toBe('192.0.2.7');
    expect(callerAddress('fe80::1%eth0', undefined, trusted)).toBe('fe80::1');
  });

  it('looks at fifty values and no more', () => {
    const proxies = (count: number): string => Array.from({ length: count }, () => '10.0.0.2').join(', ');
    expect(callerAddress('10.0.0.1', `192.0.2.7, ${proxies(49)}`, trusted)).toBe('192.0.2.7');
    expect(callerAddress('10.0.0.1', `192.0.2.7, ${proxies(50)}`, trusted)).toBe('10.0.0.2');
  });
});

describe('plainAddress', () => {
  it('writes one address in one way', () => {
    expect(plainAddress('2001:0db8:0000::0001')).toBe('2001:db8::1');
    expect(plainAddress('::FFFF:192.0.2.1')).toBe('192.0.2.1');
    expect(plainAddress('mirror.example.org')).toBeUndefined();
    expect(plainAddress('')).toBeUndefined();
  });
});
