/** Compares existing topics with the section `topics` of the configuration. */
import { plural } from './check.js';
import { type Judged, replicationOf } from './topic-settings.js';

/** Defaults only apply to new topics; settings under a name are requirements for that topic. */
export function judgeWishes({ input, needed, topic, settings, findings }: Judged): void {
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
