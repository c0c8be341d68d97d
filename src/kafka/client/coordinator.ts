/**
 * Questions to a group's coordinator, which does not exist yet while a broker has just started or a log is
 * moving.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isCoordinatorMoving } from '../errors.js';
import { kafkaErrorCode } from '../rdkafka.js';

const ASK_AGAIN_MS = 100;

export interface CoordinatorPatience<Answer> {
  /** Kafka's code within an answer; 0: none. A code may also come as a rejection. */
  readonly codeOf: (answer: Answer) => number;
  /** After this time the answer or the rejection is final. */
  readonly timeoutMs: number;
}

/**
 * Asks again while the coordinator is loading, moving or being created: the first question about any group
 * creates it.
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
