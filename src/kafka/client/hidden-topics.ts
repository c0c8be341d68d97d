/**
 * Topics that seem to be missing, but that this user may not see: metadata do not distinguish the two, a
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

/**
 * The first of the topics that is refused; undefined if all are really missing, or if the brokers do not say.
 */
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
