/** Compiled, never run: what `emitAll` may be given where the output has a type. */
import { defineTransform, emit, emitAll, emitRaw, forward, tombstone, type } from '../../src/index.js';

interface Order {
  readonly kind: 'new' | 'old';
  readonly amount: number;
}
const sides = { input: type<Order>(), output: type<Order>() };

export const unchanged = defineTransform({ ...sides, transform: () => emitAll([forward()]) });

export const none = defineTransform({ ...sides, transform: () => emitAll([]) });

export const withoutValues = defineTransform({
  ...sides,
  transform: () => emitAll([forward({ topic: 'all' }), tombstone(), emitRaw('x')]),
});

export const withValues = defineTransform({
  ...sides,
  transform: (order) => emitAll([order, emit(order, { topic: 'copies' }), forward()]),
});

export const oneOfBoth = defineTransform({
  ...sides,
  transform: (order) => (order.amount > 1 ? emitAll([forward()]) : order),
});

export const wrong = defineTransform({
  ...sides,
  // @ts-expect-error an order has an amount
  transform: () => emitAll([{ kind: 'new' as const }, forward()]),
});
