import { createRequire } from 'node:module';

/** A row as C reads it; null stays null. Headers are still packed. */
export interface NativeRow {
  readonly partitionId: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Buffer | null;
}

export interface NativeSegment {
  readonly partitionId: number;
  readonly epoch: number;
  readonly firstRow: number;
  readonly rowCount: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly kind: number;
  readonly errorCode: number;
  readonly text: Buffer | null;
}

export interface NativeOutputRow {
  readonly sourceRow: number;
  readonly topic: number;
  readonly flags: number;
  readonly partition: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Buffer | null;
}

export interface NativeRefusal {
  readonly error: string;
}

export interface NativeInput {
  /** null for a row that does not fit its block. */
  readonly rows: readonly (NativeRow | null)[];
  readonly segments: readonly NativeSegment[];
}

export interface NativeOutput {
  readonly rows: readonly (NativeOutputRow | null)[];
  readonly firstSourceRow: number;
  readonly sourceRowCount: number;
  readonly flags: number;
  readonly identityTopic: number;
}

export interface NativeFault {
  readonly partitionId: number;
  readonly epoch: number;
  readonly offset: number;
  readonly code: number;
  readonly text: Uint8Array | null;
}

export interface GivenNativeRecord {
  readonly partitionId: number;
  readonly epoch: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** Packed. */
  readonly headers: Uint8Array | null;
}

/** The C codec (native/packer.c, packed.c) as plain functions; see native/test/codec_addon.c. */
export interface NativeCodec {
  /** Returns how many of the records fitted. */
  packInput(block: Uint8Array, records: readonly GivenNativeRecord[], fault: NativeFault | null): number;
  readInput(block: Uint8Array): NativeInput | NativeRefusal;
  readOutput(block: Uint8Array): NativeOutput | NativeRefusal;
  /** null: malformed. */
  readHeaders(bytes: Uint8Array): readonly (readonly [name: Buffer, value: Buffer | null])[] | null;
  murmur2(key: Uint8Array): number;
  /** Magic numbers of input and output; sizes of header, input row, segment, output row. */
  layout(): readonly number[];
}

export function loadNativeCodec(): NativeCodec {
  return createRequire(import.meta.url)(
    '../../../native/build/Release/kafka_dispatcher_test.node',
  ) as NativeCodec;
}

/** Fails unless `readInput` or `readOutput` accepted the block. */
export function accepted<T extends object>(answer: T | NativeRefusal): T {
  if ('error' in answer) throw new Error(`refused: ${answer.error}`);
  return answer;
}
