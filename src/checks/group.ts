/** The consumer group: who is in it, and where it stands against what the topics still hold. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { GroupDescription, ListedOffset, PartitionOffset } from '../ports/admin.js';
import { type Check, Findings, type LineOf, listed, plural, spanOf } from './check.js';

const DAY_MS = 86_400_000;
const OPEN_RECORDS_MIN = 1_000;

export interface GroupInput {
  readonly config: ResolvedConfig;
  readonly group: GroupDescription;
  /** Of the input topics. */
  readonly committed: readonly PartitionOffset[];
  readonly earliest: readonly ListedOffset[];
  readonly latest: readonly ListedOffset[];
  /** Where the first open transaction begins, else the end; empty: not asked for. */
  readonly stable: readonly ListedOffset[];
  /** `offsets.retention.minutes` of the broker, where it may be read. */
  readonly offsetsKeptMs: number | undefined;
  readonly line: LineOf;
}

export function judgeGroup(input: GroupInput): readonly Check[] {
  const { group } = input;
  if (group.code !== 0 && group.code !== GROUP_ID_NOT_FOUND) {
    const findings = new Findings('group', group.group);
    findings.skipped(`Kafka does not tell of it: ${group.text}`);
    return findings.checks;
  }
  return [...judgeMembers(input), ...judgeOffsets(input), ...judgeOpen(input), ...judgeRetention(input)];
}

/** What newer brokers say of a group that nobody has used yet. */
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
        `whoever starts second fences the first`,
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
      `its ${plural(members.length, 'member')} assign by ${group.assignor}, this job by ${assignor}: it ` +
        `would not be let in`,
      `stop them first, or set ` +
        `${line('kafka.consumer.properties.partition.assignment.strategy')}: ${group.assignor}`,
    );
  }
  if (members.length >= latest.length && latest.length > 0) {
    findings.warning(
      `has ${plural(members.length, 'member')} for ` +
        `${plural(latest.length, 'partition')}: a further one has nothing to do`,
      'start no more, or give the topic more partitions',
    );
  }
  if (findings.checks.length > 0) return findings.checks;
  const hosts = [...new Set(members.map(({ host }) => hostOf(host)))];
  findings.ok(
    members.length === 0
      ? 'nobody is in it'
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
    findings.skipped('where the input begins and ends could not be asked');
    return findings.checks;
  }
  const stands = committed.filter((one) => one.offset >= 0 && ends.has(placeOf(one)));
  const lost = stands.filter((one) => one.offset < (begins.get(placeOf(one)) ?? 0));
  const beyond = stands.filter((one) => one.offset > (ends.get(placeOf(one)) ?? 0));
  const { autoOffsetReset, outOfRange } = config.consumer;
  const say = outOfRange === 'stop' ? findings.failed.bind(findings) : findings.warning.bind(findings);
  const doing =
    outOfRange === 'stop' ? 'the run would stop (exit 5)' : `the run would go on at ${outOfRange}`;
  const remedy =
    `say what is to happen with ${line('kafka.consumer.out-of-range')}: earliest or latest, ` +
    `or set the group's offsets anew`;
  if (lost.length > 0)
    say(`records were deleted before they were read, in ${listed(lost.map(placeOf))}: ${doing}`, remedy);
  if (beyond.length > 0)
    say(
      `stands behind the end of the log (a topic made anew?), in ${listed(beyond.map(placeOf))}: ${doing}`,
      remedy,
    );
  const fresh = [...ends.keys()].filter((place) => !stands.some((one) => placeOf(one) === place));
  if (autoOffsetReset === 'none' && fresh.length > 0) {
    findings.failed(
      `nothing is committed for ${listed(fresh)}, and auto-offset-reset is none: the run would stop (exit 5)`,
      `set ${line('kafka.consumer.auto-offset-reset')} to earliest or latest for the first start`,
    );
  }
  if (findings.checks.length > 0) return findings.checks;
  const unread = fresh.reduce((sum, place) => sum + (ends.get(place) ?? 0) - (begins.get(place) ?? 0), 0);
  const doingNow = autoOffsetReset === 'latest' ? 'skips' : 'reads';
  const begin = `begins at ${autoOffsetReset}, which ${doingNow} ${plural(unread, 'record')} at most`;
  if (isKnown(input) && unread > 0) {
    findings.warning(
      `nothing is committed for ${listed(fresh)} (offsets expired, or another group was meant?): ${begin}`,
      `correct ${line('kafka.consumer.group-id')}, or set the offsets (kafka-consumer-groups.sh ` +
        `--reset-offsets --group ${group.group})`,
    );
    return findings.checks;
  }
  const lag = stands.reduce((sum, one) => sum + Math.max(0, (ends.get(placeOf(one)) ?? 0) - one.offset), 0);
  findings.ok(
    fresh.length === ends.size
      ? `nothing committed yet: ${begin}`
      : `${plural(lag, 'record')} behind at most` +
          (fresh.length === 0 ? '' : `; ${plural(fresh.length, 'empty partition')} without an offset`),
  );
  return findings.checks;
}

/** It has committed before, so a partition without an offset has lost it, or is new. */
function isKnown({ committed }: GroupInput): boolean {
  return committed.some(({ offset }) => offset >= 0);
}

/** Transactions are open for a moment all the time; so many records behind one mean that it hangs. */
function judgeOpen({ group, latest, stable }: GroupInput): readonly Check[] {
  const findings = new Findings('group', `${group.group} transactions`);
  const ends = new Map(latest.map((end) => [placeOf(end), end]));
  for (const one of stable) {
    const end = ends.get(placeOf(one));
    if (end === undefined || one.code !== 0 || end.code !== 0) continue;
    const behind = end.offset - one.offset;
    if (behind < OPEN_RECORDS_MIN) continue;
    findings.warning(
      `${placeOf(one)} has an open transaction at offset ${one.offset}: the ${plural(behind, 'record')} ` +
        `behind it can't be read before it ends`,
      `see who holds it open: kafka-transactions.sh find-hanging --topic ${one.topic} ` +
        `--partition ${one.partition}; abort it, or set isolation.level: read_uncommitted`,
    );
  }
  return findings.checks;
}

function judgeRetention({ group, offsetsKeptMs }: GroupInput): readonly Check[] {
  const findings = new Findings('group', `${group.group} retention`);
  if (offsetsKeptMs === undefined)
    findings.skipped('how long committed offsets are kept may not be read (DESCRIBE_CONFIGS on the cluster)');
  else if (offsetsKeptMs < DAY_MS)
    findings.warning(
      `offsets of a group that nobody is in are kept for ${spanOf(offsetsKeptMs)} only`,
      'raise offsets.retention.minutes of the brokers',
    );
  else findings.ok(`offsets of a group that nobody is in are kept for ${spanOf(offsetsKeptMs)}`);
  return findings.checks;
}

function placeOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}[${partition}]`;
}

/** Kafka writes `/10.0.0.7`. */
function hostOf(host: string): string {
  return host.replace(/^\//, '');
}
