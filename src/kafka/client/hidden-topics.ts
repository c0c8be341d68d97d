/**
 * Topics that seem to be missing, and in truth may not be seen: metadata do not tell the two apart, a
 * question of the Admin API does.
 */
import { isAuthorizationError } from '../errors.js';
import type { NativeBinding } from '../native.js';

const ASK_TIMEOUT_MS = 3_000;

export interface HiddenTopic {
  readonly name: string;
  readonly code: number;
  readonly text: string;
}

/** The first of them that is refused; undefined when all are just missing, or the brokers do not tell. */
export async function hiddenTopic(
  native: Pick<NativeBinding, 'askBrokers'>,
  handleId: number,
  names: readonly string[],
): Promise<HiddenTopic | undefined> {
  try {
    const answers = await native.askBrokers(handleId, 'describeTopics', 0, names, ASK_TIMEOUT_MS);
    return answers.find(({ code }) => isAuthorizationError(code));
  } catch {
    return undefined;
  }
}
