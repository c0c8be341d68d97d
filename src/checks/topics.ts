/** Whether the topics that a job needs are there and fit for it. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Settings, TopicDescription } from '../ports/admin.js';
import { type Check, Findings, type LineOf, listed, plural, spanOf } from './check.js';
import { grant } from './grants.js';
import { isThere, keyOf, type NeededTopic } from './topic-plan.js';

/** Settings that the judgements below need. */
export const JUDGED_SETTINGS = [
  'min.insync.replicas',
  'max.message.bytes',
  'cleanup.policy',
  'retention.ms',
  'message.timestamp.type',
  'message.timestamp.before.max.ms',
  'message.timestamp.difference.max.ms',
] as const;

const TOPIC_AUTHORIZATION_FAILED = 29;
/** A cluster of so many can lose one and go on. */
const BROKERS_FOR_REPLICATION = 3;
const HOUR_MS = 3_600_000;
/** Kafka's "no limit". */
const UNLIMITED = 9.2e18;

export interface TopicsInput {
  readonly config: ResolvedConfig;
  readonly needed: readonly NeededTopic[];
  /** By {@link keyOf}. */
  readonly found: ReadonlyMap<string, TopicDescription>;
  /** By {@link keyOf}; where they are missing they could not be asked. */
  readonly settings: ReadonlyMap<string, Settings>;
  readonly brokerCounts: Readonly<Record<'consumer' | 'producer', number>>;
  readonly line: LineOf;
  /** `kd topics create -c FILE` */
  readonly createCommand: string;
  /** What differs from the section `topics` of the configuration is a failure, not a warning. */
  readonly strict: boolean;
}

export function judgeTopics(input: TopicsInput): readonly Check[] {
  const checks = input.needed.flatMap((topic) => judgeTopic(input, topic));
  const { topics } = input.config.consumer;
  if ('pattern' in topics && !input.needed.some(({ role }) => role === 'input')) {
    const findings = new Findings('topics', `/${topics.pattern}/`);
    const message = 'no topic matches (or this user may not see it)';
    const remedy = `correct ${input.line('kafka.consumer.topics')}, or create the topic`;
    if (input.config.consumer.missingTopicsFatal) findings.failed(message, remedy);
    else findings.warning(message, remedy);
    checks.push(...findings.checks);
  }
  return [...checks, ...judgeBetween(input)];
}

function judgeTopic(input: TopicsInput, needed: NeededTopic): readonly Check[] {
  const findings = new Findings('topics', needed.name);
  const topic = input.found.get(keyOf(needed));
  if (!isThere(topic)) {
    judgeMissing(input, needed, topic, findings);
    return findings.checks;
  }
  const settings = new Map(
    input.settings.get(keyOf(needed))?.entries.map(({ name, value }) => [name, value]),
  );
  const judged: Judged = { input, needed, topic, settings, findings };
  judgeReplicas(judged);
  if (needed.role === 'input') judgeInput(settings, findings);
  else judgeOutput(input, needed, settings, findings);
  judgeWishes(judged);
  const summary =
    `${needed.role}, ${plural(topic.partitions.length, 'partition')}, replication ` +
    `${replicationOf(topic)}${described(settings)}`;
  if (findings.checks.length > 0) return findings.checks;
  findings.ok(summary);
  return findings.checks;
}

function judgeMissing(
  input: TopicsInput,
  needed: NeededTopic,
  topic: TopicDescription | undefined,
  findings: Findings,
): void {
  const { config, line, createCommand } = input;
  const granting = grant(config, needed.side, { kind: 'topic', name: needed.name });
  if (topic === undefined) {
    findings.skipped('its cluster could not be asked');
  } else if (topic.code === TOPIC_AUTHORIZATION_FAILED) {
    findings.failed(
      `the ${needed.role} topic does not exist, or this user may not see it`,
      `${granting(needed.role === 'input' ? ['READ', 'DESCRIBE'] : ['WRITE', 'DESCRIBE'])}; or ` +
        `${createCommand}`,
    );
  } else if (needed.role === 'input' && !config.consumer.missingTopicsFatal) {
    findings.warning(
      'the input topic does not exist; the run waits for it (missing-topics-fatal: false)',
      createCommand,
    );
  } else {
    const key = {
      input: 'kafka.consumer.topics',
      output: 'kafka.producer.topic',
      'dead-letter': 'dispatcher.dead-letter.topic',
      further: 'topics',
    };
    findings.failed(
      `the ${needed.role} topic does not exist`,
      `${createCommand}; or correct ${line(key[needed.role])}`,
    );
  }
}

type Values = ReadonlyMap<string, string | null>;

/** One that is there. */
interface Judged {
  readonly input: TopicsInput;
  readonly needed: NeededTopic;
  readonly topic: TopicDescription;
  readonly settings: Values;
  readonly findings: Findings;
}

function judgeReplicas({ input, needed, topic, settings, findings }: Judged): void {
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
      'see whether a broker is down, or behind',
    );
  if (input.brokerCounts[needed.side] < BROKERS_FOR_REPLICATION) return;
  if (replication === 1) {
    findings.warning(
      'a single replica: while its broker is down it stands still, and what that broker loses is lost',
      'make it anew with 3 replicas',
    );
  } else if (inSyncMin === replication && needed.role !== 'input') {
    findings.warning(
      `min.insync.replicas equals the ${replication} replicas: any broker that stops, stops all writing`,
      `set it to ${replication - 1}`,
    );
  } else if (inSyncMin === 1 && needed.role !== 'input') {
    findings.warning('min.insync.replicas is 1: acks=all may mean one copy only', 'set it to 2');
  }
}

function judgeInput(settings: Values, findings: Findings): void {
  const retentionMs = retentionOf(settings);
  if (retentionMs !== undefined && retentionMs < HOUR_MS) {
    findings.warning(
      `records are kept for ${spanOf(retentionMs)} only: a job that stands still for longer misses some`,
      'raise retention.ms of the topic',
    );
  }
}

function judgeOutput(input: TopicsInput, needed: NeededTopic, settings: Values, findings: Findings): void {
  const { config, line } = input;
  const limit = Number(settings.get('max.message.bytes') ?? Number.NaN);
  const own = config.producer.properties.get('message.max.bytes');
  if (own !== undefined && Number(own) > limit) {
    findings.warning(
      `takes messages up to ${limit} bytes, but the producer is told to send up to ${own}: larger ones ` +
        `become dead letters`,
      `lower ${line('kafka.producer.properties.message.max.bytes')}, or raise max.message.bytes of the topic`,
    );
  }
  if (
    /compact/.test(settings.get('cleanup.policy') ?? '') &&
    config.dispatcher.output.partition === 'sticky'
  ) {
    findings.warning(
      'is compacted, and takes no record without a key, which partition: sticky is for',
      `see ${line('dispatcher.output.partition')}`,
    );
  }
  if (
    settings.get('message.timestamp.type') === 'LogAppendTime' ||
    (needed.role !== 'dead-letter' && config.dispatcher.output.timestamp === 'now')
  )
    return;
  const pastMs = Number(
    settings.get('message.timestamp.before.max.ms') ??
      settings.get('message.timestamp.difference.max.ms') ??
      Number.NaN,
  );
  if (pastMs < UNLIMITED) {
    findings.warning(
      `refuses records whose timestamp is older than ` +
        `${spanOf(pastMs)}, and results carry their source's timestamp`,
      `raise message.timestamp.before.max.ms, or set ${line('dispatcher.output.timestamp')}: now`,
    );
  }
}

/** Defaults say how to make topics; only what stands under a name says how that one has to be. */
function judgeWishes({ input, needed, topic, settings, findings }: Judged): void {
  const differs = (message: string, remedy: string): void =>
    input.strict ? findings.failed(message, remedy) : findings.warning(message, remedy);
  const own = input.config.topics.named.get(needed.name);
  const section = (key: string): string => input.line(`topics.${needed.name}.${key}`);
  if (own?.partitions !== undefined && own.partitions !== topic.partitions.length) {
    differs(
      `has ${plural(topic.partitions.length, 'partition')}, the configuration wants ${own.partitions}`,
      `more can be added (kafka-topics.sh --alter --topic ${topic.name} --partitions ${own.partitions}), ` +
        `which moves keys to other partitions; or correct ${section('partitions')}`,
    );
  }
  if (own?.replication !== undefined && own.replication !== replicationOf(topic)) {
    differs(
      `has replication ${replicationOf(topic)}, the configuration wants ${own.replication}`,
      `correct ${section('replication')}, or reassign the replicas`,
    );
  }
  for (const [name, wanted] of own?.configs ?? []) {
    const value = settings.get(name);
    if (value === undefined || value === null || sameSetting(value, wanted)) continue;
    const change = `kafka-configs.sh --alter --topic ${topic.name} --add-config ${name}=${wanted}`;
    differs(
      `${name} is ${value}, the configuration wants ${wanted}`,
      `${change}; or correct ${section(`configs.${name}`)}`,
    );
  }
}

/** What concerns two topics at once. */
function judgeBetween(input: TopicsInput): readonly Check[] {
  const { config, needed, found, settings, line } = input;
  const output = needed.find(({ role }) => role === 'output');
  const there = output === undefined ? undefined : found.get(keyOf(output));
  if (output === undefined || !isThere(there)) return [];
  const findings = new Findings('topics', output.name);
  const limit = (topic: NeededTopic): number =>
    Number(valueOf(settings.get(keyOf(topic)), 'max.message.bytes') ?? Number.NaN);
  for (const source of needed.filter(({ role }) => role === 'input')) {
    const from = found.get(keyOf(source));
    if (!isThere(from)) continue;
    if (config.dispatcher.output.partition === 'same' && from.partitions.length !== there.partitions.length) {
      findings.failed(
        `partition: same, but ${source.name} has ${plural(from.partitions.length, 'partition')} and ` +
          `${output.name} has ${there.partitions.length}`,
        `give both the same number, or change ${line('dispatcher.output.partition')}`,
      );
    }
    judgeKept(input, source, output, findings);
    if (limit(source) > limit(output)) {
      findings.warning(
        `takes messages up to ${limit(output)} bytes, ${source.name} up to ${limit(source)}: what does ` +
          `not fit becomes a dead letter`,
        `raise max.message.bytes of ${output.name} (kafka-configs.sh --alter --topic ${output.name} ` +
          `--add-config max.message.bytes=${limit(source)})`,
      );
    }
  }
  return findings.checks;
}

/** Results carry their source's timestamp, and retention goes by timestamps. */
function judgeKept(input: TopicsInput, source: NeededTopic, output: NeededTopic, findings: Findings): void {
  const values = (topic: NeededTopic): Values =>
    new Map(input.settings.get(keyOf(topic))?.entries.map(({ name, value }) => [name, value]));
  const [from, to] = [values(source), values(output)];
  const keptMs = retentionOf(to);
  if (
    from.size === 0 ||
    keptMs === undefined ||
    to.get('message.timestamp.type') === 'LogAppendTime' ||
    input.config.dispatcher.output.timestamp === 'now'
  )
    return;
  const sourceMs = retentionOf(from);
  if (sourceMs !== undefined && sourceMs <= keptMs) return;
  findings.warning(
    `keeps records for ${spanOf(keptMs)} by their timestamp, which is their source's; ${source.name} ` +
      `keeps them ${sourceMs === undefined ? 'for ever' : `for ${spanOf(sourceMs)}`}: results of old ` +
      `records are soon deleted`,
    `raise retention.ms of ${output.name}, or set ${input.line('dispatcher.output.timestamp')}: now`,
  );
}

function replicationOf(topic: TopicDescription): number {
  return Math.min(...topic.partitions.map(({ replicas }) => replicas.length));
}

function valueOf(settings: Settings | undefined, name: string): string | null | undefined {
  return settings?.entries.find((entry) => entry.name === name)?.value;
}

/** Undefined: for ever, or not known. */
function retentionOf(settings: Values): number | undefined {
  const retentionMs = Number(settings.get('retention.ms') ?? Number.NaN);
  return retentionMs >= 0 && /delete/.test(settings.get('cleanup.policy') ?? 'delete')
    ? retentionMs
    : undefined;
}

function described(settings: Values): string {
  if (settings.size === 0) return ' (its settings may not be read: DESCRIBE_CONFIGS is missing)';
  const retentionMs = retentionOf(settings);
  const kept = retentionMs === undefined ? 'kept for ever' : `kept for ${spanOf(retentionMs)}`;
  return (
    `, min.insync ${settings.get('min.insync.replicas') ?? '?'}, messages up to ` +
    `${settings.get('max.message.bytes') ?? '?'} bytes, ${settings.get('cleanup.policy') ?? '?'}, ${kept}`
  );
}

/** `delete,compact` and `compact,delete` are the same. */
function sameSetting(a: string, b: string): boolean {
  const parts = (text: string): string =>
    text
      .split(',')
      .map((part) => part.trim())
      .sort()
      .join(',');
  return parts(a) === parts(b);
}
