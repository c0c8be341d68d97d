/** The cheapest function there is: what a call per record costs by itself. */
import { defineTransform, type } from 'kafka-dispatcher';

export default defineTransform({
  input: type<Buffer>(),
  output: type<Buffer>(),
  transform: (value) => value,
});
