/**
 * Real Apache Kafka (KRaft, combined roles) on 127.0.0.1 for tests and benchmarks: one or three broker
 * processes, data in a temporary folder.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, needsZooKeeper } from './broker.js';
import { freePorts } from './free-ports.js';
import { type OldRelease, prepareJava } from './java/java.js';
import { JavaTool } from './java/java-tool.js';
import type { TopicSpec } from './java/requests.js';

/**
 * A listener besides the plain one, e.g. `{ name: 'TLS', protocol: 'SSL', advertisedHost: 'localhost' }`; its
 * keys go into `properties`.
 */
export interface ListenerSpec {
  readonly name: string;
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT';
  readonly advertisedHost?: string;
}

export interface ClusterOptions {
  readonly brokers: 1 | 3;
  /** Broker properties, overriding the harness's own. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly listeners?: readonly ListenerSpec[];
  readonly formatArguments?: readonly string[];
  /** JVM options, overriding those of the purpose. */
  readonly jvmOptions?: readonly string[];
  /** [the newest] Older releases: one broker only. */
  readonly release?: OldRelease;
  /** [test] throughput: a larger heap, G1 and both compilers, for benchmarks. */
  readonly purpose?: 'test' | 'throughput';
  /** [false] Keep the folder after stop() and say where it is. KD_TEST_KEEP_LOGS=1 does the same. */
  readonly keepLogs?: boolean;
}

/** The operations of a cluster that tests need, on their own cluster or a shared one. */
export interface TestCluster {
  readonly bootstrapServers: string;
  readonly tool: JavaTool;
  /** Replication factor: [all brokers]. Returns the name. */
  createTopic(name: string, spec?: Omit<TopicSpec, 'name'>): Promise<string>;
}

const JVM_OPTIONS = {
  test: [
    '-Xms64m',
    '-Xmx384m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-Djava.net.preferIPv4Stack=true',
  ],
  throughput: [
    '-Xms1g',
    '-Xmx1g',
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
    '-Xshare:auto',
    '-Djava.net.preferIPv4Stack=true',
  ],
};

let lastName = 0;

/** A name that nobody else uses on a shared cluster. */
export function uniqueName(prefix: string): string {
  lastName += 1;
  return `${prefix}-${process.pid}-${lastName}-${randomBytes(3).toString('hex')}`;
}

export class KafkaCluster implements TestCluster {
  readonly bootstrapServers: string;
  readonly folder: string;
  readonly tool: JavaTool;
  readonly #brokers: Broker[];
  readonly #later: (index: number) => Promise<Broker>;
  readonly #ports: ReadonlyMap<string, readonly number[]>;
  readonly #keepLogs: boolean;
  readonly #hosts: ReadonlyMap<string, string>;
  readonly #onExit = (): void => {
    rmSync(this.folder, { recursive: true, force: true });
  };

  private constructor(parts: ClusterParts, tool: JavaTool) {
    this.folder = parts.folder;
    this.tool = tool;
    this.#brokers = [...parts.brokers];
    this.#later = parts.later;
    this.#ports = parts.ports;
    this.#hosts = parts.hosts;
    this.#keepLogs = parts.keepLogs;
    this.bootstrapServers = this.bootstrapServersOf('PLAIN');
    if (!this.#keepLogs) {
      process.once('exit', this.#onExit);
    }
  }

  /** Resolves when every broker answers. About 3 s for one broker, 8 s for three on two cores. */
  static async start(options: ClusterOptions): Promise<KafkaCluster> {
    await prepareJava();
    const parts = await prepareCluster(options);
    const plain = parts.ports.get('PLAIN') ?? [];
    const [tool] = await Promise.all([
      JavaTool.start(plain.map((port) => `127.0.0.1:${port}`).join(',')),
      ...parts.brokers.map((broker) => broker.start()),
    ]);
    return new KafkaCluster(parts, tool);
  }

  /** Addresses of an additional listener. */
  bootstrapServersOf(listener: string): string {
    const ports = this.#ports.get(listener);
    if (ports === undefined) {
      throw new Error(`no listener ${listener}; there are ${[...this.#ports.keys()].join(', ')}`);
    }
    return ports.map((port) => `${this.#hosts.get(listener) ?? '127.0.0.1'}:${port}`).join(',');
  }

  async createTopic(name: string, spec: Omit<TopicSpec, 'name'> = {}): Promise<string> {
    await this.tool.createTopics([{ replicationFactor: this.#brokers.length, ...spec, name }]);
    return name;
  }

  /** The log folder of broker n (1…): `<folder>/<topic>-<partition>/00000000000000000000.log`. */
  logDir(n: number): string {
    return this.#broker(n).logDir;
  }

  /** The first segment of a partition's log on broker n: for tests that damage it. */
  segmentFile(n: number, topic: string, partition: number): string {
    return join(this.logDir(n), `${topic}-${partition}`, '00000000000000000000.log');
  }

  /** One broker more, which has no vote: it may be away for as long as a test likes. Returns its number. */
  async addBroker(): Promise<number> {
    const broker = await this.#later(this.#brokers.length);
    this.#brokers.push(broker);
    await broker.start();
    return this.#brokers.length;
  }

  /** SIGKILL; the data stay. */
  async kill(n: number): Promise<void> {
    await this.#broker(n).kill();
  }

  /** Controlled shutdown of one broker; the data stay. */
  async terminate(n: number): Promise<void> {
    await this.#broker(n).terminate();
  }

  /** Restarts a broker on its old ports and data (kills it first if it runs); resolves when it is ready. */
  async restart(n: number): Promise<void> {
    await this.#broker(n).kill();
    await this.#broker(n).start();
  }

  /** SIGSTOP: connections stay open, nothing answers. */
  pause(n: number): void {
    this.#broker(n).pause();
  }

  resume(n: number): void {
    this.#broker(n).resume();
  }

  pid(n: number): number | undefined {
    return this.#broker(n).pid;
  }

  /**
   * Ends all processes and removes the folder; after a failure the logs are kept and their folder is printed.
   */
  async stop(outcome: { readonly failed?: boolean } = {}): Promise<void> {
    this.tool.stop();
    await Promise.all(this.#brokers.map((broker) => broker.kill()));
    process.removeListener('exit', this.#onExit);
    if (!this.#keepLogs && outcome.failed !== true) {
      await rm(this.folder, { recursive: true, force: true });
      return;
    }
    for (const broker of this.#brokers) {
      await rm(broker.logDir, { recursive: true, force: true });
    }
    process.stderr.write(`broker logs kept in ${this.folder}\n`);
  }

  #broker(n: number): Broker {
    const broker = this.#brokers[n - 1];
    if (broker === undefined) {
      throw new Error(`no broker ${n}: the cluster has 1 to ${this.#brokers.length}`);
    }
    return broker;
  }
}

/** Starts a cluster, runs the body, stops it; keeps the logs when the body fails. */
export async function withCluster<T>(
  options: ClusterOptions,
  body: (cluster: KafkaCluster) => Promise<T>,
): Promise<T> {
  const cluster = await KafkaCluster.start(options);
  let failed = true;
  try {
    const result = await body(cluster);
    failed = false;
    return result;
  } finally {
    await cluster.stop({ failed });
  }
}

/**
 * 16 random bytes in Kafka's base64 form. The formatter would read a value that begins with a dash as an
 * option.
 */
function newClusterId(): string {
  const bytes = randomBytes(16);
  // The first character encodes the upper six bits: 62 would be the dash; below 32 only letters occur.
  bytes[0] = randomInt(0x80);
  return bytes.toString('base64url');
}

interface ClusterParts {
  readonly folder: string;
  /** A broker beyond those of the start, without a vote. */
  readonly later: (index: number) => Promise<Broker>;
  readonly brokers: readonly Broker[];
  readonly ports: ReadonlyMap<string, readonly number[]>;
  readonly hosts: ReadonlyMap<string, string>;
  readonly keepLogs: boolean;
}

async function prepareCluster(options: ClusterOptions): Promise<ClusterParts> {
  const folder = await mkdtemp(
    join(
      existsSync('/dev/shm') && process.env['KD_TEST_IN_MEMORY'] === '1' ? '/dev/shm' : tmpdir(),
      'kd-kafka-',
    ),
  );
  const plain: ListenerSpec = { name: 'PLAIN', protocol: 'PLAINTEXT' };
  const controller: ListenerSpec = { name: 'CONTROLLER', protocol: 'PLAINTEXT' };
  const listeners = [plain, ...(options.listeners ?? []), controller];
  const ports = new Map<string, readonly number[]>();
  const free = await freePorts(listeners.length * options.brokers);
  for (const listener of listeners) {
    ports.set(listener.name, free.splice(0, options.brokers));
  }
  const clusterId = newClusterId();
  const brokerOf = (index: number, node: Readonly<Record<string, string>>): Broker =>
    new Broker({
      nodeId: index + 1,
      folder: join(folder, `broker-${index + 1}`),
      clusterId,
      properties: { ...node, ...sizeProperties(options), ...options.properties },
      jvmOptions: [...JVM_OPTIONS[options.purpose ?? 'test'], ...(options.jvmOptions ?? [])],
      formatArguments: options.formatArguments ?? [],
      release: options.release,
    });
  const brokers = Array.from({ length: options.brokers }, (_, index) =>
    brokerOf(
      index,
      needsZooKeeper(options.release)
        ? zooKeeperNode(listeners, ports)
        : nodeProperties(index, listeners, ports),
    ),
  );
  const later = async (index: number): Promise<Broker> => {
    const own = await freePorts(listeners.length);
    for (const listener of listeners) {
      const taken = [...(ports.get(listener.name) ?? [])];
      taken[index] = own.shift() ?? 0;
      if (listener !== controller) ports.set(listener.name, taken);
    }
    return brokerOf(index, votelessProperties(index, listeners, ports));
  };
  const hosts = new Map(listeners.map((listener) => [listener.name, listener.advertisedHost ?? '127.0.0.1']));
  return {
    folder,
    later,
    brokers,
    ports,
    hosts,
    keepLogs: options.keepLogs === true || process.env['KD_TEST_KEEP_LOGS'] === '1',
  };
}

function nodeProperties(
  index: number,
  listeners: readonly ListenerSpec[],
  ports: ReadonlyMap<string, readonly number[]>,
): Record<string, string> {
  const portOf = (listener: ListenerSpec): number => ports.get(listener.name)?.[index] ?? 0;
  const voters = (ports.get('CONTROLLER') ?? []).map((port, voter) => `${voter + 1}@127.0.0.1:${port}`);
  const advertised = listeners.filter((listener) => listener.name !== 'CONTROLLER');
  return {
    'process.roles': 'broker,controller',
    'node.id': String(index + 1),
    'controller.quorum.voters': voters.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    listeners: listeners.map((listener) => `${listener.name}://127.0.0.1:${portOf(listener)}`).join(','),
    'advertised.listeners': advertised
      .map((listener) => `${listener.name}://${listener.advertisedHost ?? '127.0.0.1'}:${portOf(listener)}`)
      .join(','),
    'listener.security.protocol.map': listeners
      .map((listener) => `${listener.name}:${listener.protocol}`)
      .join(','),
  };
}

/** Its controllers are the others. */
function votelessProperties(
  index: number,
  listeners: readonly ListenerSpec[],
  ports: ReadonlyMap<string, readonly number[]>,
): Record<string, string> {
  const own = listeners.filter(({ name }) => name !== 'CONTROLLER');
  const properties = nodeProperties(index, own, ports);
  return {
    ...properties,
    'process.roles': 'broker',
    'listener.security.protocol.map':
      nodeProperties(index, listeners, ports)['listener.security.protocol.map'] ?? '',
  };
}

/** For ZooKeeper the controller's port is used. */
function zooKeeperNode(
  listeners: readonly ListenerSpec[],
  ports: ReadonlyMap<string, readonly number[]>,
): Record<string, string> {
  const properties = nodeProperties(0, listeners, ports);
  const own = listeners.filter(({ name }) => name !== 'CONTROLLER');
  for (const name of ['process.roles', 'node.id', 'controller.quorum.voters', 'controller.listener.names'])
    delete properties[name];
  return {
    ...properties,
    'broker.id': '1',
    'zookeeper.connect': `127.0.0.1:${ports.get('CONTROLLER')?.[0] ?? 0}`,
    listeners: own.map(({ name }) => `${name}://127.0.0.1:${ports.get(name)?.[0] ?? 0}`).join(','),
    'listener.security.protocol.map': own.map(({ name, protocol }) => `${name}:${protocol}`).join(','),
  };
}

/** Small, quick to detect a dead broker, and never deleting records with old timestamps. */
function sizeProperties(options: ClusterOptions): Record<string, string> {
  const replicas = String(options.brokers);
  const inSync = options.brokers === 3 ? '2' : '1';
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'num.partitions': '1',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'group.consumer.min.session.timeout.ms': '1000',
    'group.consumer.min.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'replica.lag.time.max.ms': '5000',
    'auto.create.topics.enable': 'false',
    'unclean.leader.election.enable': 'false',
    'log.retention.ms': '-1',
    'log.cleaner.dedupe.buffer.size': '2097152',
    'controlled.shutdown.enable': 'true',
    'num.network.threads': '2',
    'num.io.threads': options.purpose === 'throughput' ? '4' : '2',
  };
}
