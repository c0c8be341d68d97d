/** The library: what a transform module imports from 'kafka-dispatcher'. */

export type { Declared, DeclaredPath } from './transform/declared-types.js';
export type { StandardSchema } from './transform/load/standard-schema.js';
export type {
  Drop,
  Emit,
  EmitAll,
  EmitOptions,
  EmitRaw,
  Forward,
  HeadersInput,
  Reject,
  Result,
  Tombstone,
} from './transform/results/results.js';
export { drop, emit, emitAll, emitRaw, forward, reject, tombstone } from './transform/results/results.js';
export type {
  BatchTransform,
  RecordTransform,
  SetupContext,
  Shape,
  SourceRecord,
  TransformContext,
  TransformDefinition,
  TransformLogger,
  TransformMetrics,
  TypeOnly,
} from './transform/types.js';
export { defineTransform, type } from './transform/types.js';
