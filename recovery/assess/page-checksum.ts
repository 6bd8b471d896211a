/**
 * PostgreSQL's data page checksum (src/include/storage/checksum_impl.h: FNV-1a in 32 lanes). `pg_checksums` does the same, but refuses
 * a running server and one that crashed, which is when somebody asks.
 */

export const PAGE_BYTES = 8192;
const LANES = 32;
const PRIME = 16_777_619;

const OFFSETS = Int32Array.from([
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c, 0xf8d4474f,
  0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc,
  0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6,
  0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
]);

const sums = new Int32Array(LANES);

function mix(lane: number, word: number): void {
  const mixed = (sums[lane] as number) ^ word;
  sums[lane] = Math.imul(mixed, PRIME) ^ (mixed >>> 17);
}

/** `page` is 8192 bytes; `block` counts within the relation, over all of its segments. */
export function pageChecksum(page: Buffer, block: number): number {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_BYTES);
  sums.set(OFFSETS);
  for (let word = 0; word < PAGE_BYTES / 4; word += 1) {
    // pd_checksum itself, the lower half of the third word, counts as 0.
    const value = view.getInt32(word * 4, true);
    mix(word % LANES, word === 2 ? value & 0xffff_0000 : value);
  }
  for (let round = 0; round < 2; round += 1) for (let lane = 0; lane < LANES; lane += 1) mix(lane, 0);
  let result = block | 0;
  for (let lane = 0; lane < LANES; lane += 1) result ^= sums[lane] as number;
  return ((result >>> 0) % 65_535) + 1;
}

export interface PageHead {
  readonly checksum: number;
  /** Position of the last change in the WAL. */
  readonly lsn: bigint;
  /** Allocated and not used yet: all zeros, without a checksum. */
  readonly isNew: boolean;
}

export function pageHead(page: Buffer): PageHead {
  return {
    lsn: (BigInt(page.readUInt32LE(0)) << 32n) | BigInt(page.readUInt32LE(4)),
    checksum: page.readUInt16LE(8),
    isNew: page.readUInt16LE(14) === 0,
  };
}

/** `0/16B3748` */
export function parseLsn(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
