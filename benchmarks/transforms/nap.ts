/** Sleeps 32 ms for every 400 records: many threads are busy, and none takes a core. */
import { defineTransform, type } from 'kafka-dispatcher';

const cell = new Int32Array(new SharedArrayBuffer(4));
let calls = 0;

export default defineTransform({
  input: type<Buffer>(),
  output: type<Buffer>(),
  transform: (value) => {
    if (calls++ % 400 === 0) Atomics.wait(cell, 0, 0, 32);
    return value;
  },
});
