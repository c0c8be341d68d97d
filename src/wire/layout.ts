/** The numbers of docs/WIRE.md. `native/packed.h` holds the same ones; test/wire compares the two. */

export const INPUT_MAGIC = 0x3149444b;
export const OUTPUT_MAGIC = 0x314f444b;
export const HEADER_BYTES = 64;
export const INPUT_ROW_BYTES = 32;
export const SEGMENT_BYTES = 48;
export const OUTPUT_ROW_BYTES = 48;

export const InputHeader = {
  magic: 0,
  rowCount: 4,
  rowsPosition: 8,
  segmentCount: 12,
  segmentsPosition: 16,
  bytesPosition: 20,
  blockLength: 24,
  packedBytes: 28,
  firstTimestamp: 32,
  lastTimestamp: 40,
} as const;

export const InputRow = {
  offset: 0,
  timestamp: 8,
  position: 16,
  keyLength: 20,
  valueLength: 24,
  headersLength: 28,
} as const;

export const SegmentField = {
  partitionId: 0,
  epoch: 4,
  firstRow: 8,
  rowCount: 12,
  firstOffset: 16,
  lastOffset: 24,
  kind: 32,
  errorCode: 36,
  textPosition: 40,
  textLength: 44,
} as const;

export const SegmentKind = { records: 0, fault: 1 } as const;

export const OutputHeader = {
  magic: 0,
  rowCount: 4,
  rowsPosition: 8,
  firstSourceRow: 12,
  sourceRowCount: 16,
  bytesPosition: 20,
  blockLength: 24,
  flags: 28,
  identityTopic: 32,
  packedBytes: 36,
  lowestUnfinishedRow: 40,
  highestStartedRow: 44,
  progress: 48,
} as const;

export const OutputFlag = { identity: 1 } as const;

export const OutputRow = {
  sourceRow: 0,
  topic: 4,
  flags: 6,
  partition: 8,
  timestamp: 16,
  keyPosition: 24,
  keyLength: 28,
  valuePosition: 32,
  valueLength: 36,
  headersPosition: 40,
  headersLength: 44,
} as const;

export const RowFlag = {
  keyOfSource: 1,
  valueOfSource: 2,
  headersOfSource: 4,
  timestampOfSource: 8,
  deadLetter: 16,
  keySet: 32,
} as const;

/** Outcome bytes: 0 transformed, `1..127` filtered by reason n, `128..255` dead-lettered by code n − 128. */
export const Outcome = { transformed: 0, filteredBase: 1, elsewhere: 127, deadLetteredBase: 128 } as const;
