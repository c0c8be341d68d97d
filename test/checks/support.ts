import assert from 'node:assert/strict';
import type { ResolvedConfig } from '../../src/config/keys/resolved.js';
import { loadConfiguration } from '../../src/config/load.js';
import type { TopicDescription } from '../../src/ports/admin.js';

/** A job from `in` to `out` in group `g`, with further assignments. */
export function jobConfig(set: readonly string[] = []): ResolvedConfig {
  const values = {
    'kafka.bootstrap-servers': 'localhost:9092',
    'kafka.consumer.group-id': 'g',
    'kafka.consumer.topics': 'in',
    'kafka.producer.topic': 'out',
  };
  const { config, problems } = loadConfiguration({
    builtIn: { by: 'test', values },
    environment: {},
    set,
    workingDirectory: '/',
  });
  assert.ok(config, JSON.stringify(problems));
  return config;
}

/** Three replicas, all in sync; no rights listed. */
export function topicOf(
  name: string,
  partitions: number,
  operations: readonly string[] | null = null,
): TopicDescription {
  return {
    name,
    topicId: '',
    code: 0,
    text: '',
    operations,
    partitions: Array.from({ length: partitions }, (_, id) => ({
      id,
      leader: 1,
      replicas: [1, 2, 3],
      inSync: [1, 2, 3],
    })),
  };
}
