import type { DispatcherError } from '../../core/errors.js';
import type { ConnectedClient } from '../client/connected-client.js';
import {
  type ClientRights,
  consumerFailure,
  fatalFailure,
  isAuthorizationError,
  isUnknownTopicError,
  refusalOf,
} from '../errors.js';
import type { NativeBinding } from '../native.js';
import type { KafkaConsumer } from '../rdkafka.js';

interface ConsumerError {
  readonly code: number;
  readonly text: string;
  readonly rights: ClientRights;
}

/** An error on the consumer's main queue: returned if it ends the run, which then reports it. */
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
  log.entry(failure === undefined ? 'warn' : 'debug', native.errorName(code).name, shown, { code });
  return failure;
}

/**
 * A refused commit that ends the run. Refused heartbeats are never reported, so missing rights show here
 * first.
 */
export function commitFailure(code: number, text: string, client: ClientRights): DispatcherError | undefined {
  if (isAuthorizationError(code)) return refusalOf('consumer', code, text, client);
  const failure = fatalFailure('consumer', code, text, client);
  return failure.code === 'FENCED' ? failure : undefined;
}
