import { describe, expect, it } from 'vitest';
import { allowedAddresses } from './allowed-addresses.ts';

const resolving =
  (...addresses: readonly string[]) =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

describe('M7: addresses that may be called back', () => {
  it('are all that a name has, when none of them is internal', async () => {
    expect(await allowedAddresses('mirror.example.org', [], resolving('8.8.8.8', '2606:4700::1'))).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  it.each([['10.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::ffff:192.168.0.1'], ['fe80::1%eth0']])(
    'are none when one of them is internal: %s',
    async (...addresses) => {
      for (const patterns of [[], ['*'], ['*.example.org'], ['other.example.org']]) {
        await expect(allowedAddresses('mirror.example.org', patterns, resolving(...addresses))).rejects.toMatchObject({
          code: 'GM_FORBIDDEN',
        });
      }
      expect(
        await allowedAddresses('mirror.example.org', ['MIRROR.example.org'], resolving(...addresses)),
      ).toHaveLength(addresses.length);
    },
  );

  it('are none for a name that leads nowhere', async () => {
    await expect(allowedAddresses('x.test', [], resolving())).rejects.toMatchObject({ code: 'GM_NETWORK' });
    await expect(allowedAddresses('x.test', [], () => Promise.reject(new Error('ENOTFOUND')))).rejects.toMatchObject({
      code: 'GM_NETWORK',
    });
  });
});
