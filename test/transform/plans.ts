import fc from 'fast-check';
import {
  drop,
  type EmitOptions,
  emit,
  emitAll,
  emitRaw,
  type Result,
  reject,
  tombstone,
} from '../../src/index.js';
import type { Given } from './support.js';

/** One output record as the transform of a test asks for it. Fields that are absent come from the source. */
export interface PlannedOutput {
  readonly how: 'plain' | 'emit' | 'emitRaw' | 'tombstone';
  readonly text: string;
  readonly key?: string | null;
  readonly timestamp?: number;
  readonly partition?: number;
  readonly topic?: string;
  /** The value of header `h`, which the source has too; null removes nothing, it is a null value. */
  readonly header?: string | null;
}

export type Planned =
  | { readonly kind: 'outputs'; readonly outputs: readonly PlannedOutput[]; readonly alone: boolean }
  | { readonly kind: 'drop' | 'reject'; readonly name: string; readonly thrown: boolean }
  | { readonly kind: 'error' | 'nothing' | 'null' | 'bad-partition' }
  | { readonly kind: 'tombstone-source' };

export interface Plan {
  readonly planned: Planned;
  /** In how many turns the answer comes; 0: immediately. */
  readonly turns: number;
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 8 }),
  fc.nat({ max: 900 }).map((length) => 'x'.repeat(length)),
);

const output: fc.Arbitrary<PlannedOutput> = fc.oneof(
  fc.record({ how: fc.constant('plain' as const), text }),
  fc.record(
    {
      how: fc.constantFrom('emit' as const, 'emitRaw' as const, 'tombstone' as const),
      text,
      key: fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 5 }), { nil: null }),
      timestamp: fc.nat({ max: 2 ** 41 }),
      partition: fc.nat({ max: 3 }),
      topic: fc.constantFrom('out', 'later-a', 'later-b'),
      header: fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 5 }), { nil: null }),
    },
    { requiredKeys: ['how', 'text'] },
  ),
);

/** Reasons and codes differ, so that a count of one is never taken for one of the other. */
const named = fc.oneof(
  fc.record({
    kind: fc.constant('drop' as const),
    name: fc.constantFrom('OLD', 'B_2', 'not a code'),
    thrown: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('reject' as const),
    name: fc.constantFrom('BAD', 'R_2', 'no code either'),
    thrown: fc.boolean(),
  }),
);

const planned: fc.Arbitrary<Planned> = fc.oneof(
  {
    weight: 6,
    arbitrary: output.map((one) => ({ kind: 'outputs' as const, outputs: [one], alone: true })),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(output, { maxLength: 5 })
      .map((outputs) => ({ kind: 'outputs' as const, outputs, alone: false })),
  },
  { weight: 3, arbitrary: named },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('error' as const, 'nothing' as const, 'null' as const, 'bad-partition' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'tombstone-source' as const }) },
);

export const plansArbitrary: fc.Arbitrary<readonly Plan[]> = fc.array(
  fc.record({
    planned,
    turns: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
  }),
  { minLength: 1, maxLength: 24 },
);

export const sourceOf = (plan: Plan, row: number): Given => ({
  key: Buffer.from(`key ${row}`),
  value: plan.planned.kind === 'tombstone-source' ? null : String(row),
  headers: [
    ['h', Buffer.from('old')],
    ['other', null],
  ],
  partition: row % 3,
});

function resultOf(one: PlannedOutput): string | ReturnType<typeof emit<string>> {
  if (one.how === 'plain') return one.text;
  const options: EmitOptions = {
    key: one.key,
    timestamp: one.timestamp,
    partition: one.partition,
    topic: one.topic,
    ...(one.header === undefined ? {} : { headers: { h: one.header } }),
  };
  if (one.how === 'emit') return emit(one.text, options);
  return (one.how === 'emitRaw' ? emitRaw(one.text, options) : tombstone(options)) as never;
}

/** What a user's function does for a plan; it may throw. */
export function perform(plan: Planned): Result<string> {
  switch (plan.kind) {
    case 'outputs': {
      const [first] = plan.outputs;
      if (plan.alone && first !== undefined) return resultOf(first);
      return emitAll<string>(plan.outputs.map(resultOf));
    }
    case 'drop':
    case 'reject': {
      const result = plan.kind === 'drop' ? drop(plan.name) : reject(plan.name, 'why');
      // Results may be thrown.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      if (plan.thrown) throw result;
      return result;
    }
    case 'error':
      throw new TypeError('planned');
    case 'bad-partition':
      return emit('x', { partition: 4 });
    case 'null':
      return null as never;
    default:
      return undefined as never;
  }
}

/** The name of the row's outcome, as the results report it. */
export function outcomeOf(plan: Planned): {
  readonly kind: 'done' | 'drop' | 'reject';
  readonly name: string;
} {
  switch (plan.kind) {
    case 'drop':
      return { kind: 'drop', name: plan.name.includes(' ') ? 'OTHER' : plan.name };
    case 'reject':
      return { kind: 'reject', name: plan.name.includes(' ') ? 'INVALID_CODE' : plan.name };
    case 'error':
      return { kind: 'reject', name: 'TRANSFORM_ERROR' };
    case 'nothing':
      return { kind: 'reject', name: 'NO_RESULT' };
    case 'null':
      return { kind: 'reject', name: 'NULL_RESULT' };
    case 'bad-partition':
      return { kind: 'reject', name: 'INVALID_PARTITION' };
    default:
      return { kind: 'done', name: 'transformed' };
  }
}
