/** The order of two positions, as far as it is plain without asking Kafka. */
import type { Position } from './position.js';

/** True if no record can be between them, in whatever partition. */
export function endsBeforeBeginning(from: Position, until: Position): boolean {
  if (from.kind === 'time' && until.kind === 'time') return until.timestampMs <= from.timestampMs;
  if (from.kind === 'offset' && until.kind === 'offset') return until.offset <= from.offset;
  if (from.kind === 'before' && until.kind === 'before') return until.offsets >= from.offsets;
  return until.kind === 'earliest' || (until.kind === 'after' && until.offsets === 0);
}
