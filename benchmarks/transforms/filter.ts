/** Only large orders go on, unchanged. */
import { defineTransform, drop, forward, type } from 'kafka-dispatcher';
import { LARGE_FROM, type Order } from './order.js';

export default defineTransform({
  input: type<Order>(),
  transform: ({ amount }) => (amount < LARGE_FROM ? drop('SMALL') : forward()),
});
