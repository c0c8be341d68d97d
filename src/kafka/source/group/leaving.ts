/** How a member leaves its group. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../../ports/logger.js';
import type { Trouble } from '../../../ports/source.js';
import type { ConnectedClient } from '../../client/connected-client.js';
import type { KafkaCommits } from '../../commits/kafka-commits.js';
import { countdown, within } from '../../promises.js';
import type { KafkaConsumer } from '../../rdkafka.js';
import type { ReaderControl } from '../reader-control.js';

/** The broker answers the last commit within this, or it is not waited for any longer. */
const LAST_COMMIT_WAIT_MS = 5_000;
/** Left of the deadline for the LeaveGroup itself, after the wait for a join. */
const LEAVE_MS = 3_000;
/** A broker that does not answer will not hear the LeaveGroup either. */
const AWAY_LEAVE_MS = 2_000;
const JOIN_POLL_MS = 50;

export interface Leaving {
  readonly connected: ConnectedClient<KafkaConsumer>;
  readonly reader: ReaderControl;
  readonly commits: KafkaCommits;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** A join is on its way. */
  readonly isJoining: () => boolean;
  readonly trouble: () => Trouble | undefined;
  /** Gives all partitions back; what was stored for them is committed. */
  readonly release: () => void;
}

/**
 * The order counts: with a partition still forwarded the disconnect hangs, with a thread still polling it
 * crashes.
 */
export async function leave(member: Leaving, deadlineMs: number): Promise<void> {
  const { connected, reader, commits } = member;
  const isAway = member.trouble() !== undefined;
  const restMs = countdown(isAway ? Math.min(deadlineMs, AWAY_LEAVE_MS) : deadlineMs, member.nowMs);
  await leavable(member, () => restMs() - LEAVE_MS);
  await within(reader.park(), restMs(), 'the reader did not stand still');
  member.release();
  await commits.settled(Math.min(LAST_COMMIT_WAIT_MS, restMs() / 2));
  await within(reader.stop(), restMs(), "the reader's threads did not end");
  await connected.disconnect(restMs());
}

/**
 * A coordinator answers the requests of one connection in their order: behind a JoinGroup that waits for
 * the other members a LeaveGroup is not read, and the group would keep a member that is gone until its
 * session ends. So the join is waited for, as long as the deadline allows.
 */
async function leavable(member: Leaving, restMs: () => number): Promise<void> {
  while (member.isJoining()) {
    if (restMs() <= 0 || member.trouble() !== undefined) {
      member.logger.debug('kafka consumer, leaving: the group did not answer the join');
      return;
    }
    await delay(JOIN_POLL_MS);
  }
}
