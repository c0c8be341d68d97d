/**
 * A request that several attempts share. librdkafka waits for an event before it asks a coordinator or leader
 * again, e.g. for a change of a broker's state. When brokers come back from a pause the event may have
 * happened already, and the request would be silent until its timeout. A new one is answered immediately.
 */
import { KafkaCode } from '../errors.js';
import { kafkaErrorCode } from '../rdkafka.js';

/** Time limit for the first attempt. Each further one has twice the time: slow brokers are not flooded. */
const FIRST_ATTEMPT_MS = 2_000;

/** Asks again after each timeout, for `timeoutMs` in total; rejects like the last attempt. */
export async function inAttempts<T>(timeoutMs: number, ask: (timeoutMs: number) => Promise<T>): Promise<T> {
  let leftMs = timeoutMs;
  for (let attemptMs = FIRST_ATTEMPT_MS; ; attemptMs *= 2) {
    try {
      return await ask(Math.min(leftMs, attemptMs));
    } catch (error) {
      leftMs -= attemptMs;
      if (leftMs <= 0 || kafkaErrorCode(error) !== KafkaCode._TIMED_OUT) throw error;
    }
  }
}
