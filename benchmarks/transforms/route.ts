/** Large orders go to a topic of their own. */
import { defineTransform, forward, type } from 'kafka-dispatcher';
import { LARGE_FROM, type Order } from './order.js';

export default defineTransform({
  input: type<Order>(),
  setup: ({ options }) => ({ large: { topic: String(options['largeTopic']) } }),
  transform: ({ amount }, _record, { state }) => (amount < LARGE_FROM ? forward() : forward(state.large)),
});
