/** Bytes in front of the buckets; how an index is laid out is said in src/kernel/delta-index.ts. */
export const indexHeaderBytes: usize = 16;

/** The bit that stands for a hash in the filter of its bucket. */
export function filterBit(hash: u32, shift: u32): u32 {
  return 1 << ((hash >> (shift - 3)) & 7);
}

/** Hashes the 16 bytes at `at`. No rolling: each place is hashed by itself, with nothing to wait for. */
export function hashAt(at: usize): u32 {
  const sum = load<u64>(at) * 0x9e37_79b1_85eb_ca87 + load<u64>(at, 8) * 0xc2b2_ae3d_27d4_eb4f;
  return (<u32>(sum >> 32)) ^ (<u32>(sum >> 15));
}

/** `Kernel.indexDelta`, for an index of the given shape. */
export function indexDelta(source: usize, index: usize, blockBytes: u32, blockCount: u32, bucketBits: u32): void {
  store<u32>(index, blockBytes);
  store<u32>(index, blockCount, 4);
  store<u32>(index, bucketBits, 8);
  const filter = index + indexHeaderBytes;
  const heads = filter + ((<usize>1) << bucketBits);
  const next = heads + ((<usize>4) << bucketBits);
  const hashes = next + ((<usize>blockCount) << 2);
  const shift = 32 - bucketBits;
  memory.fill(filter, 0, next - filter);
  if (blockCount == 0) return;
  let at = source + <usize>(blockCount - 1) * blockBytes;
  let hash = hashAt(at);
  // From the last to the first: each goes to the head of its bucket.
  for (let block = blockCount; block > 0; block--) {
    at -= blockBytes;
    const before: u32 = block > 1 ? hashAt(at) : ~hash;
    const slot = (<usize>(block - 1)) << 2;
    store<u32>(hashes + slot, hash);
    if (before != hash) {
      const bucket: usize = hash >> shift;
      const head = heads + (bucket << 2);
      store<u32>(next + slot, load<u32>(head));
      store<u32>(head, block);
      store<u8>(filter + bucket, (<u32>load<u8>(filter + bucket)) | filterBit(hash, shift));
    }
    hash = before;
  }
}
