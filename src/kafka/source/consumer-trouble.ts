import type { DispatcherError } from '../../core/errors.js';
import type { ConnectedClient } from '../client/connect.js';
import { type ClientRights, consumerFailure, fatalFailure, isUnknownTopicError } from '../errors.js';
import type { NativeBinding } from '../native.js';
import type { KafkaConsumer } from '../rdkafka.js';

interface ConsumerError {
  readonly code: number;
  readonly text: string;
  readonly rights: ClientRights;
}

/** Logs an error on the consumer's main queue; what ends the run is returned. */
export function consumerTrouble(
  native: NativeBinding,
  { handleId, log }: ConnectedClient<KafkaConsumer>,
  { code, text, rights }: ConsumerError,
): DispatcherError | undefined {
  const fatal = native.fatalError(handleId);
  const failure =
    fatal === null
      ? consumerFailure(code, text, rights)
      : fatalFailure('consumer', fatal.code, fatal.text, rights);
  const shown = isUnknownTopicError(code) ? `${text} (waiting for the topic)` : text;
  log.entry(failure === undefined ? 'warn' : 'error', native.errorName(code).name, shown, { code });
  return failure;
}
