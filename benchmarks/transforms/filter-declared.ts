/** filter.ts with its field declared: nothing else is decoded. */
import { defineTransform, drop, forward, type } from 'kafka-dispatcher';
import { LARGE_FROM, type Order } from './order.js';

export default defineTransform({
  input: type<Order>(),
  reads: ['amount'],
  writes: [],
  transform: ({ amount }) => (amount < LARGE_FROM ? drop('SMALL') : forward()),
});
