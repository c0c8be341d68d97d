/** Decode, validate, change one field, encode: the main job, for Avro and for JSON in. */
import { defineTransform, type } from 'kafka-dispatcher';
import type { Order } from './order.js';

const TAX = 1.19;

export default defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  validate: (order) => (order.amount >= 0 && order.name.length > 0) || 'amount and name must be there',
  transform(order) {
    order.amount = Math.round(order.amount * TAX * 100) / 100;
    return order;
  },
});
