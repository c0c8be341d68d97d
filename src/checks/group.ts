/** Checks the consumer group: its members, and its offsets against the offsets in the topics. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { GroupDescription, ListedOffset, PartitionOffset } from '../ports/admin.js';
import { type Check, Findings, type LineOf, listed, plural, spanOf } from './check.js';

const DAY_MS = 86_400_000;
const OPEN_RECORDS_MIN = 1_000;

export interface GroupInput {
  readonly config: ResolvedConfig;
  readonly group: GroupDescription;
  /** The group's offsets in the input topics, like the lists below. */
  readonly committed: readonly PartitionOffset[];
  readonly earliest: readonly ListedOffset[];
  readonly latest: readonly ListedOffset[];
  /** Where the first open transaction begins, else the end; empty if not requested. */
  readonly stable: readonly ListedOffset[];
  /** The first record of the last half minute; an offset of −1 where there is none. */
  readonly recent: readonly ListedOffset[];
  /** `offsets.retention.minutes` of the broker, if it may be read. */
  readonly offsetsKeptMs: number | undefined;
  readonly line: LineOf;
}

export function judgeGroup(input: GroupInput): readonly Check[] {
  const { group } = input;
  if (group.code !== 0 && group.code !== GROUP_ID_NOT_FOUND) {
    const findings = new Findings('group', group.group);
    findings.skipped(`Kafka does not describe it: ${group.text}`);
    return findings.checks;
  }
  return [...judgeMembers(input), ...judgeOffsets(input), ...judgeOpen(input), ...judgeRetention(input)];
}

/** The answer of newer brokers for a group that was never used. */
const GROUP_ID_NOT_FOUND = 69;

function judgeMembers({ config, group, latest, line }: GroupInput): readonly Check[] {
  const findings = new Findings('group', group.group);
  const { members } = group;
  const properties = config.consumer.properties;
  const instance = properties.get('group.instance.id');
  const taken = members.find(
    ({ instanceId }) => instance !== undefined && instance !== '' && instanceId === instance,
  );
  if (taken !== undefined) {
    findings.warning(
      `group.instance.id ${instance ?? ''} is in use by ${taken.clientId} at ${hostOf(taken.host)}: ` +
        `the member that starts second fences the first`,
      `give every process its own ` +
        `${line('kafka.consumer.properties.group.instance.id')}, for example with \${HOSTNAME}`,
    );
  }
  const assignor = properties.get('partition.assignment.strategy');
  const isClassic = (properties.get('group.protocol') ?? 'classic').toLowerCase() === 'classic';
  if (
    members.length > 0 &&
    isClassic &&
    assignor !== undefined &&
    group.assignor !== '' &&
    !assignor.split(',').includes(group.assignor)
  ) {
    findings.failed(
      `its ${plural(members.length, 'member')} use the assignor ${group.assignor}, this job ${assignor}: ` +
        `it could not join the group`,
      `stop them first, or set ` +
        `${line('kafka.consumer.properties.partition.assignment.strategy')}: ${group.assignor}`,
    );
  }
  if (members.length >= latest.length && latest.length > 0) {
    findings.warning(
      `has ${plural(members.length, 'member')} for ` +
        `${plural(latest.length, 'partition')}: another one would get no partition`,
      'do not start more, or give the topic more partitions',
    );
  }
  if (findings.checks.length > 0) return findings.checks;
  const hosts = [...new Set(members.map(({ host }) => hostOf(host)))];
  findings.ok(
    members.length === 0
      ? 'no members'
      : `${group.state}, ${plural(members.length, 'member')} (${listed(hosts)})`,
  );
  return findings.checks;
}

function judgeOffsets(input: GroupInput): readonly Check[] {
  const { config, group, committed, earliest, latest, line } = input;
  const findings = new Findings('group', `${group.group} offsets`);
  const ends = new Map(latest.filter(({ code }) => code === 0).map((end) => [placeOf(end), end.offset]));
  const begins = new Map(
    earliest.filter(({ code }) => code === 0).map((begin) => [placeOf(begin), begin.offset]),
  );
  if (ends.size === 0) {
    findings.skipped('the first and last offsets of the input could not be read');
    return findings.checks;
  }
  const positions = committed.filter((one) => one.offset >= 0 && ends.has(placeOf(one)));
  const lost = positions.filter((one) => one.offset < (begins.get(placeOf(one)) ?? 0));
  const beyond = positions.filter((one) => one.offset > (ends.get(placeOf(one)) ?? 0));
  const { autoOffsetReset, outOfRange } = config.consumer;
  const say = outOfRange === 'stop' ? findings.failed.bind(findings) : findings.warning.bind(findings);
  const doing =
    outOfRange === 'stop' ? 'the run would stop (exit 5)' : `the run would go on at ${outOfRange}`;
  const remedy =
    `set ${line('kafka.consumer.out-of-range')} to earliest or latest, ` +
    `or reset the offsets of the group`;
  if (lost.length > 0)
    say(`records were deleted before they were read, in ${listed(lost.map(placeOf))}: ${doing}`, remedy);
  if (beyond.length > 0)
    say(
      `committed past the end of the log (topic recreated?), in ${listed(beyond.map(placeOf))}: ${doing}`,
      remedy,
    );
  const fresh = [...ends.keys()].filter((place) => !positions.some((one) => placeOf(one) === place));
  if (autoOffsetReset === 'none' && fresh.length > 0) {
    findings.failed(
      `nothing is committed for ${listed(fresh)}, and auto-offset-reset is none: the run would stop (exit 5)`,
      `set ${line('kafka.consumer.auto-offset-reset')} to earliest or latest for the first start`,
    );
  }
  if (findings.checks.length > 0) return findings.checks;
  const unread = fresh.reduce((sum, place) => sum + (ends.get(place) ?? 0) - (begins.get(place) ?? 0), 0);
  const doingNow = autoOffsetReset === 'latest' ? 'skips' : 'reads';
  const begin = `the run starts at ${autoOffsetReset}, which ${doingNow} at most ${plural(unread, 'record')}`;
  if (isKnown(input) && unread > 0) {
    findings.warning(
      `nothing is committed for ${listed(fresh)} (offsets expired, or another group was meant?): ${begin}`,
      `correct ${line('kafka.consumer.group-id')}, or reset the offsets (kafka-consumer-groups.sh ` +
        `--reset-offsets --group ${group.group})`,
    );
    return findings.checks;
  }
  const lag = positions.reduce(
    (sum, one) => sum + Math.max(0, (ends.get(placeOf(one)) ?? 0) - one.offset),
    0,
  );
  findings.ok(
    fresh.length === ends.size
      ? `nothing committed yet: ${begin}`
      : `lag of at most ${plural(lag, 'record')}` +
          (fresh.length === 0 ? '' : `; ${plural(fresh.length, 'empty partition')} without an offset`),
  );
  return findings.checks;
}

/** The group has committed before, so a partition without an offset has lost it, or is new. */
function isKnown({ committed }: GroupInput): boolean {
  return committed.some(({ offset }) => offset >= 0);
}

/**
 * Transactions are briefly open all the time; one that began more than half a minute ago hangs, or one with
 * many records behind it.
 */
function judgeOpen({ group, latest, stable, recent }: GroupInput): readonly Check[] {
  const findings = new Findings('group', `${group.group} transactions`);
  const ends = new Map(latest.map((end) => [placeOf(end), end]));
  for (const one of stable) {
    const end = ends.get(placeOf(one));
    if (end === undefined || one.code !== 0 || end.code !== 0) continue;
    const behind = end.offset - one.offset;
    if (behind <= 0 || (behind < OPEN_RECORDS_MIN && !isOld(one, recent))) continue;
    findings.warning(
      `${placeOf(one)} has an open transaction at offset ${one.offset}: the ${plural(behind, 'record')} ` +
        `after it can't be read until it ends`,
      `find its producer: kafka-transactions.sh find-hanging --topic ${one.topic} ` +
        `--partition ${one.partition}; abort it, or set isolation.level: read_uncommitted`,
    );
  }
  return findings.checks;
}

/** The record there was written before all recent ones. */
function isOld(place: ListedOffset, recent: readonly ListedOffset[]): boolean {
  const first = recent.find((one) => placeOf(one) === placeOf(place));
  return first?.code === 0 && (first.offset < 0 || first.offset > place.offset);
}

function judgeRetention({ group, offsetsKeptMs }: GroupInput): readonly Check[] {
  const findings = new Findings('group', `${group.group} retention`);
  if (offsetsKeptMs === undefined)
    findings.skipped("the offset retention can't be read without DESCRIBE_CONFIGS on the cluster");
  else if (offsetsKeptMs < DAY_MS)
    findings.warning(
      `committed offsets of a group without members are kept for ${spanOf(offsetsKeptMs)} only`,
      'raise offsets.retention.minutes on the brokers',
    );
  else findings.ok(`committed offsets of a group without members are kept for ${spanOf(offsetsKeptMs)}`);
  return findings.checks;
}

function placeOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}[${partition}]`;
}

/** Kafka writes `/10.0.0.7`. */
function hostOf(host: string): string {
  return host.replace(/^\//, '');
}
