/** reprice.ts with its fields declared: the rest of the record goes through as it came. */
import { defineTransform, type } from 'kafka-dispatcher';
import type { Order } from './order.js';

const TAX = 1.19;

export default defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  reads: ['amount', 'name'],
  writes: ['amount'],
  validate: (order) => (order.amount >= 0 && order.name.length > 0) || 'amount and name must be there',
  transform: ({ amount }) => ({ amount: Math.round(amount * TAX * 100) / 100 }),
});
