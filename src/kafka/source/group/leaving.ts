/** Leaves the group in order. */
import { setTimeout as delay } from 'node:timers/promises';
import { inArea, type Logger } from '../../../ports/logger.js';
import type { Trouble } from '../../../ports/source.js';
import type { ConnectedClient } from '../../client/connected-client.js';
import type { KafkaCommits } from '../../commits/kafka-commits.js';
import { countdown, within } from '../../promises.js';
import type { KafkaConsumer } from '../../rdkafka.js';
import type { ReaderControl } from '../reader-control.js';

/** Time limit for the last commit. */
const LAST_COMMIT_WAIT_MS = 5_000;
/** The part of the deadline that the wait for a join leaves for the LeaveGroup request. */
const LEAVE_MS = 3_000;
/** A broker that does not answer will not get the LeaveGroup either. */
const AWAY_LEAVE_MS = 2_000;
const JOIN_POLL_MS = 50;

export interface Leaving {
  readonly connected: ConnectedClient<KafkaConsumer>;
  readonly reader: ReaderControl;
  readonly commits: KafkaCommits;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** A join is pending. */
  readonly isJoining: () => boolean;
  readonly trouble: () => Trouble | undefined;
  /** Closes all partitions; their stored offsets are committed. */
  readonly release: () => void;
}

/**
 * The order matters: with a partition still forwarded the disconnect hangs, with a thread still polling it
 * crashes.
 */
export async function leave(member: Leaving, deadlineMs: number): Promise<void> {
  const { connected, reader, commits } = member;
  const isAway = member.trouble() !== undefined;
  const restMs = countdown(isAway ? Math.min(deadlineMs, AWAY_LEAVE_MS) : deadlineMs, member.nowMs);
  await leavable(member, () => restMs() - LEAVE_MS);
  await within(reader.park(), restMs(), 'the reader did not park');
  member.release();
  await commits.settled(Math.min(LAST_COMMIT_WAIT_MS, restMs() / 2));
  await within(reader.stop(), restMs(), "the reader's threads did not end");
  await connected.disconnect(restMs());
}

/**
 * A coordinator answers the requests of one connection in order: a LeaveGroup after a JoinGroup that waits
 * for other members is not read, and the group would keep the member until its session ends. So the join is
 * waited for, as long as the deadline allows.
 */
async function leavable(member: Leaving, restMs: () => number): Promise<void> {
  while (member.isJoining()) {
    if (restMs() <= 0 || member.trouble() !== undefined) {
      inArea(member.logger, 'group').debug('kafka consumer, leaving: the group did not answer the join');
      return;
    }
    await delay(JOIN_POLL_MS);
  }
}
