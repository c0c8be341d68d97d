/** What several pipelines of one process must agree on, and what they must not share. */
import type { ResolvedConfig } from '../keys/resolved.js';
import { formatOrigin, type Origin, type Problems } from '../text/problem.js';
import { PIPELINES_KEY } from './pipeline-layer.js';
import type { Member } from './shares.js';

/** Sections that belong to the process. */
const PROCESS_SECTIONS = ['server', 'logging', 'budget'] as const;
type ProcessSection = (typeof PROCESS_SECTIONS)[number];

export function checkTogether(members: readonly Member[], problems: Problems): void {
  checkNames(members, problems);
  for (const section of PROCESS_SECTIONS) checkPlaces(section, members, problems);
  checkGroups(members, problems);
}

/** The pipeline whose own file has the section, else any: then all of them share it. */
export function ownerOf(section: ProcessSection, members: readonly Member[]): Member | undefined {
  return members.find((member) => originsOf(section, member).length > 0) ?? members[0];
}

function checkNames(members: readonly Member[], problems: Problems): void {
  const seen = new Map<string, Member>();
  for (const member of members) {
    const before = seen.get(member.name);
    seen.set(member.name, member);
    if (before === undefined) continue;
    problems.error(
      originOf(member, 'name'),
      'name',
      `two pipelines have the name ${member.name}${placeOf(before, 'name')}`,
      'give each its own name',
    );
  }
}

/** In more than one place a section would mean different things to different pipelines. */
function checkPlaces(section: ProcessSection, members: readonly Member[], problems: Problems): void {
  const places = new Map<string, Origin>();
  for (const member of members) {
    const origins = originsOf(section, member);
    const [first] = origins;
    if (first !== undefined) places.set(origins.map(formatOrigin).join(' '), origins.at(-1) ?? first);
  }
  const [one, other] = [...places.values()];
  if (one === undefined || other === undefined) return;
  problems.error(
    other,
    section,
    `belongs to the process, and is given in more than one place, also at ${formatOrigin(one)}`,
    `give it once: beside ${PIPELINES_KEY}, or in defaults.yml of the directory`,
  );
}

function originsOf(section: ProcessSection, { loaded }: Member): readonly Origin[] {
  return [...loaded.details.merged.fields]
    .filter(([path, { origin }]) => path.startsWith(`${section}.`) && origin.kind === 'file')
    .map(([, { origin }]) => origin);
}

/** Members of one group share its partitions: each would take records that another is there for. */
function checkGroups(members: readonly Member[], problems: Problems): void {
  members.forEach((member, index) => {
    for (const other of members.slice(0, index)) {
      const [a, b] = [member.loaded.config, other.loaded.config];
      if (a === undefined || b === undefined || !sameGroup(a, b)) continue;
      const common = commonTopics(a, b);
      const { groupId } = a.consumer;
      if (common === undefined)
        problems.warning(
          originOf(member, 'kafka.consumer.group-id'),
          'kafka.consumer.group-id',
          `${member.name} and ${other.name} are in one group, ${groupId}: whenever one of them starts or ` +
            'stops, the other is interrupted',
          'give each pipeline its own group',
        );
      else
        problems.error(
          originOf(member, 'kafka.consumer.group-id'),
          'kafka.consumer.group-id',
          `${member.name} and ${other.name} read ${common} in one group, ${groupId}: each would take ` +
            "partitions away from the other, and their records would miss the other's transform",
          'give each pipeline its own group',
        );
    }
  });
}

function sameGroup({ consumer: a }: ResolvedConfig, { consumer: b }: ResolvedConfig): boolean {
  const isOneCluster = a.bootstrapServers.some((server) => b.bootstrapServers.includes(server));
  return a.groupId === b.groupId && isOneCluster;
}

/** In words; undefined: none. */
function commonTopics({ consumer: a }: ResolvedConfig, { consumer: b }: ResolvedConfig): string | undefined {
  if ('names' in a.topics && 'names' in b.topics) {
    const { names } = b.topics;
    const common = a.topics.names.filter((name) => names.includes(name));
    return common.length === 0 ? undefined : common.slice(0, 3).join(', ');
  }
  return 'topics by an expression';
}

function originOf({ loaded }: Member, key: string): Origin {
  return loaded.details.settings.origin(key);
}

function placeOf(member: Member, key: string): string {
  const origin = originOf(member, key);
  return origin.kind === 'default' ? '' : `, also at ${formatOrigin(origin)}`;
}
