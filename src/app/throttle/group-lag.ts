/** How far a group lags behind: its committed offsets against the ends of the partitions. */
import type { ClusterAdmin, GroupOffset, ListedOffset, TopicPlace } from '../../ports/admin.js';

export type LagQuestions = Pick<ClusterAdmin, 'committedOffsets' | 'offsets' | 'close'>;

export interface GroupLag {
  /** Over all partitions whose commit and end are known; undefined: the group has committed nothing. */
  readonly lagRecords: number | undefined;
  /** Why some partitions are not counted; undefined: all are. */
  readonly missing: string | undefined;
}

/** A topic that was deleted: nothing of it can be read. */
const UNKNOWN_TOPIC = 3;

/** Rejects when there is no answer, or no useful one. */
export async function askLag(questions: LagQuestions, group: string): Promise<GroupLag> {
  const commits = (await questions.committedOffsets(group)).filter(
    ({ code, offset }) => code !== 0 || offset >= 0,
  );
  const known = commits.filter(({ code }) => code === 0);
  const [firsts, ends] = await Promise.all([
    questions.offsets('earliest', known).then(byName),
    questions.offsets('latest', known).then(byName),
  ]);
  let lagRecords = 0;
  let counted = 0;
  let missing = commits.find(({ code }) => code !== 0 && code !== UNKNOWN_TOPIC)?.text;
  for (const commit of known) {
    const first = firsts.get(nameOf(commit));
    const end = ends.get(nameOf(commit));
    if (end?.code === UNKNOWN_TOPIC) continue;
    if (first?.code === 0 && end?.code === 0) {
      lagRecords += lagOf(commit, first, end);
      counted += 1;
    } else missing ??= `${commit.topic}[${commit.partition}]: ${end?.text ?? 'no answer'}`;
  }
  if (counted === 0 && missing !== undefined) throw new Error(missing);
  return { lagRecords: counted === 0 ? undefined : lagRecords, missing };
}

/** Records that retention has deleted can't be read any more. */
function lagOf({ offset }: GroupOffset, first: ListedOffset, end: ListedOffset): number {
  return Math.max(0, end.offset - Math.max(offset, first.offset));
}

function byName(listed: readonly ListedOffset[]): ReadonlyMap<string, ListedOffset> {
  return new Map(listed.map((one) => [nameOf(one), one]));
}

function nameOf({ topic, partition }: TopicPlace): string {
  return `${topic} ${partition}`;
}
