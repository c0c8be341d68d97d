/** Checks whether the topics that a job needs exist and fit. */
import type { TopicDescription } from '../ports/admin.js';
import { type Check, Findings, plural } from './check.js';
import { grant } from './grants.js';
import { judgeInput, judgeOutput } from './topic-limits.js';
import { judgeBetween } from './topic-pairs.js';
import { isThere, keyOf, type NeededTopic } from './topic-plan.js';
import { judgeReplicas } from './topic-replicas.js';
import { described, type Judged, replicationOf, settingsOf, type TopicsInput } from './topic-settings.js';
import { judgeWishes } from './topic-wishes.js';

const TOPIC_AUTHORIZATION_FAILED = 29;

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
  const settings = settingsOf(input, needed);
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
    findings.skipped("its cluster can't be reached");
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
