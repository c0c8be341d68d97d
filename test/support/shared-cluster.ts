/**
 * One broker for many test files. The runner (scripts/test.mjs) starts it once and names it in
 * KD_TEST_BOOTSTRAP; a test file run by hand starts its own. Tests on it use names of their own
 * (`uniqueName`) and never kill it.
 */
import { JavaTool } from './java/java-tool.js';
import type { TopicSpec } from './java/requests.js';
import { KafkaCluster, type TestCluster } from './kafka-cluster.js';

export const SHARED_BOOTSTRAP = 'KD_TEST_BOOTSTRAP';

class SharedCluster implements TestCluster {
  readonly bootstrapServers: string;
  readonly tool: JavaTool;

  constructor(bootstrapServers: string, tool: JavaTool) {
    this.bootstrapServers = bootstrapServers;
    this.tool = tool;
  }

  async createTopic(name: string, spec: Omit<TopicSpec, 'name'> = {}): Promise<string> {
    await this.tool.createTopics([{ ...spec, name }]);
    return name;
  }
}

let started: Promise<TestCluster> | undefined;

/** The shared broker; it ends with this process. */
export function sharedCluster(): Promise<TestCluster> {
  started ??= open();
  return started;
}

async function open(): Promise<TestCluster> {
  const bootstrapServers = process.env[SHARED_BOOTSTRAP];
  if (bootstrapServers === undefined || bootstrapServers === '') {
    return KafkaCluster.start({ brokers: 1 });
  }
  return new SharedCluster(bootstrapServers, await JavaTool.start(bootstrapServers));
}
