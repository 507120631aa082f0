import { SocketAddress } from 'node:net';

/** A value of the data section. `bigint` is written as an unsigned integer of 32 bits, `number` as a double. */
export type MmdbValue = string | number | bigint | readonly MmdbValue[] | { readonly [key: string]: MmdbValue };

/**
 * A small database in MaxMind's format (MaxMind DB File Format Specification 2.0) with 24-bit records, for IPv6 with IPv4 at
 * `::/96`. Networks are `203.0.113.0/24` or `2001:db8::/32`, and do not overlap.
 */
export function makeMmdb(networks: Readonly<Record<string, MmdbValue>>): Buffer {
  const data: Buffer[] = [];
  const nodes: [Target, Target][] = [[undefined, undefined]];
  let dataLength = 0;
  for (const [network, value] of Object.entries(networks)) {
    const bits = bitsOf(network);
    const target = { offset: dataLength };
    let node = 0;
    for (const [index, bit] of bits.entries()) {
      const pair = nodes[node] ?? [undefined, undefined];
      if (index === bits.length - 1) {
        pair[bit] = target;
        break;
      }
      const next = pair[bit];
      if (typeof next === 'number') {
        node = next;
      } else {
        nodes.push([undefined, undefined]);
        pair[bit] = node = nodes.length - 1;
      }
    }
    const encoded = encode(value);
    data.push(encoded);
    dataLength += encoded.length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  for (const [index, pair] of nodes.entries()) {
    for (const [side, target] of pair.entries()) {
      const record =
        target === undefined ? nodes.length : typeof target === 'number' ? target : nodes.length + 16 + target.offset;
      tree.writeUIntBE(record, index * 6 + side * 3, 3);
    }
  }
  const metadata = encode({
    node_count: BigInt(nodes.length),
    record_size: 24n,
    ip_version: 6n,
    database_type: 'Test',
    languages: [],
    binary_format_major_version: 2n,
    binary_format_minor_version: 0n,
    build_epoch: 1_700_000_000n,
    description: {},
  });
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
}

/** Another node, a place in the data, or nothing. */
type Target = number | { readonly offset: number } | undefined;

function bitsOf(network: string): readonly (0 | 1)[] {
  const [address = '', length = ''] = network.split('/');
  const isV4 = !address.includes(':');
  const count = Number(length) + (isV4 ? 96 : 0);
  const bytes = isV4
    ? [...Array<number>(12).fill(0), ...address.split('.').map(Number)]
    : groupsOf(address).flatMap((group) => [group >> 8, group & 0xff]);
  return Array.from({ length: count }, (_, index) => (((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1 ? 1 : 0));
}

function groupsOf(address: string): readonly number[] {
  const plain = new SocketAddress({ address, family: 'ipv6' }).address;
  const [left = '', right] = plain.split('::');
  const groups = (text: string): readonly number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [groups(left), groups(right ?? '')];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const double = Buffer.alloc(8);
    double.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), double]);
  }
  if (typeof value === 'bigint') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(Number(value));
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (isList(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, field]) => [encode(key), encode(field)]),
  ]);
}

function isList(value: MmdbValue): value is readonly MmdbValue[] {
  return Array.isArray(value);
}

/** Type and size; types above 7 have a byte of their own, and sizes from 29 on, too. */
function control(type: number, size: number): Buffer {
  const short = size < 29 ? size : 29;
  const more = size < 29 ? [] : [size - 29];
  return Buffer.from(type <= 7 ? [(type << 5) | short, ...more] : [short, type - 7, ...more]);
}
