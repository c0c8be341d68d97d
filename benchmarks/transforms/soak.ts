/** Each value is changed, so that it is decoded and written anew. */
import { defineTransform, type } from 'kafka-dispatcher';
import type { Order } from './order.js';

export default defineTransform({
  input: type<Order>(),
  output: type<Order>(),
  transform(order) {
    order.amount += 1;
    return order;
  },
});
