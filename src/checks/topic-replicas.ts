/** Checks whether a topic can be read and written while a broker is down. */
import { listed, plural } from './check.js';
import { type Judged, replicationOf } from './topic-settings.js';

/** A cluster with this many brokers can lose one. */
const BROKERS_FOR_REPLICATION = 3;

export function judgeReplicas({ input, needed, topic, settings, findings }: Judged): void {
  const leaderless = topic.partitions.filter(({ leader }) => leader < 0).map(({ id }) => id);
  if (leaderless.length > 0) {
    const what = needed.role === 'input' ? 'read' : 'written';
    findings.failed(
      `without a leader, so it can't be ${what}: partition ${listed(leaderless)}`,
      'bring back the brokers that hold their replicas',
    );
  }
  const replication = replicationOf(topic);
  const inSyncMin = Number(settings.get('min.insync.replicas') ?? Number.NaN);
  if (needed.role !== 'input' && inSyncMin > replication) {
    findings.failed(
      `min.insync.replicas is ${inSyncMin}, but there are only ${plural(replication, 'replica')}: with ` +
        `acks=all nothing can be written`,
      `lower it (kafka-configs.sh --alter --topic ${topic.name} --add-config ` +
        `min.insync.replicas=${replication}), or add replicas`,
    );
    return;
  }
  const short = topic.partitions
    .filter(({ leader, inSync }) => leader >= 0 && inSync.length < inSyncMin)
    .map(({ id }) => id);
  if (needed.role !== 'input' && short.length > 0) {
    findings.failed(
      `fewer replicas in sync than min.insync.replicas (${inSyncMin}): partition ${listed(short)}`,
      'bring back the brokers that are down',
    );
    return;
  }
  const behind = topic.partitions
    .filter(({ replicas, inSync }) => inSync.length < replicas.length)
    .map(({ id }) => id);
  if (behind.length > 0)
    findings.warning(
      `replicas out of sync: partition ${listed(behind)}`,
      'check whether a broker is down or lagging',
    );
  if (input.brokerCounts[needed.side] < BROKERS_FOR_REPLICATION) return;
  if (replication === 1) {
    findings.warning(
      'a single replica: unavailable while its broker is down, and lost if that broker loses its disk',
      'add replicas (kafka-reassign-partitions.sh), or recreate it with 3',
    );
  } else if (inSyncMin === replication && needed.role !== 'input') {
    findings.warning(
      `min.insync.replicas equals the ${replication} replicas: writing stops when one replica is down`,
      `set it to ${replication - 1}`,
    );
  } else if (inSyncMin === 1 && needed.role !== 'input') {
    findings.warning('min.insync.replicas is 1: acks=all may mean only one copy', 'set it to 2');
  }
}
