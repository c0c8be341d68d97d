/**
 * Questions for a group's coordinator, which a broker that has just started, or a log that is just moving,
 * does not have yet.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isCoordinatorMoving } from '../errors.js';
import { kafkaErrorCode } from '../rdkafka.js';

const ASK_AGAIN_MS = 100;

export interface CoordinatorPatience<Answer> {
  /** Kafka's code within an answer; 0: none. A code may as well come as a rejection. */
  readonly codeOf: (answer: Answer) => number;
  /** After it, the answer or the rejection is final. */
  readonly timeoutMs: number;
}

/**
 * Asks again while the coordinator is loading, moving or being made: the first question about any group makes
 * it.
 */
export async function askCoordinator<Answer>(
  ask: () => Promise<Answer>,
  { codeOf, timeoutMs }: CoordinatorPatience<Answer>,
): Promise<Answer> {
  const untilMs = performance.now() + timeoutMs;
  const isToWait = (code: number): boolean => isCoordinatorMoving(code) && performance.now() < untilMs;
  for (;;) {
    try {
      const answer = await ask();
      if (!isToWait(codeOf(answer))) return answer;
    } catch (error) {
      if (!isToWait(kafkaErrorCode(error) ?? 0)) throw error;
    }
    await delay(ASK_AGAIN_MS);
  }
}
