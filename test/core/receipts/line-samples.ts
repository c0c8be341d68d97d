/** A line of a receipt of each kind, as a run writes it. */
import type { ReceiptLine } from '../../../src/core/receipts/lines.js';

const COMMON = { time: '2026-11-28T10:00:00.000Z', instance: 'i-1' } as const;
const DIGESTS = { configuration: 'c', transform: { file: 't.ts', sha256: 's' } } as const;
export const SUM = '0123456789abcdef0123456789abcdef';

export const LINES: { readonly [Kind in ReceiptLine['kind']]: Extract<ReceiptLine, { kind: Kind }> } = {
  begun: {
    ...COMMON,
    ...DIGESTS,
    kind: 'begun',
    schema: 1,
    version: '1.0.0',
    host: 'h',
    name: 'n',
    group: 'g',
    until: 'end',
    inputs: [{ topic: 'in', id: 'a' }],
    outputs: [{ topic: 'out', id: null }],
    outputEnds: [{ topic: 'out', partition: 0, to: 0 }],
  },
  reloaded: { ...COMMON, ...DIGESTS, kind: 'reloaded' },
  bounds: { ...COMMON, kind: 'bounds', exact: true, ranges: [{ topic: 'in', partition: 0, from: 0, to: 9 }] },
  settled: {
    ...COMMON,
    kind: 'settled',
    outcomes: { transformed: 3, filtered: {}, deadLettered: {} },
    inputs: [{ topic: 'in', partition: 0, records: 3, sum: SUM, marks: 'AAAA', pieces: [[0, 3, 3, 2]] }],
    outputs: [{ topic: 'out', partition: 0, records: 2, sum: SUM, marks: 'AAA=', runs: [[5, 7]] }],
    unplaced: 0,
  },
  ended: {
    ...COMMON,
    kind: 'ended',
    state: 'stopped',
    exitCode: 0,
    endReached: true,
    unsettled: 0,
    records: {},
  },
};
