import type { DeliveryFailure } from '../../ports/sink.js';
import type { Rejection } from '../../ports/transform-pool.js';

/** The reason why a record goes to the dead-letter topic, or why its dead letter stops the run. */
export function refusalOf(topic: string, failure: DeliveryFailure, deadLetter: boolean): Rejection {
  const said = failure.words === undefined ? failure.name : `${failure.name}: ${failure.words}`;
  return deadLetter
    ? {
        code: 'DEAD_LETTER_REFUSED',
        message: `the dead-letter topic ${topic} refused the record: ${said}`,
        stage: 'deliver',
      }
    : {
        code: failure.name.replace(/^_/, ''),
        message: `topic ${topic} refused the record: ${said}`,
        stage: 'deliver',
      };
}
