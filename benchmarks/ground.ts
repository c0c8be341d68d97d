/** The ground all contenders run on: one real broker, topics filled with seeded records. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Recipe } from '../test/support/java/requests.js';
import { KafkaCluster, uniqueName } from '../test/support/kafka-cluster.js';
import { type TlsMaterial, tlsMaterial } from '../test/support/tls-material.js';
import type { Contender, Job, Listener } from './contenders.js';
import { type ProcessCost, runMeasured } from './measure.js';

export interface Filled {
  readonly topic: string;
  readonly recipe: Recipe;
}

/** One run: the kernel's count and what the program said. */
export interface Run extends ProcessCost {
  readonly records: number;
}

/** Looks at what a contender wrote over a filled topic; throws where it is wrong. */
export type Inspect = (contender: Contender, outputs: readonly string[], recipe: Recipe) => Promise<void>;

export interface Handshake {
  readonly protocol: string;
  readonly cipher: string;
}

export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

export class Ground {
  readonly cluster: KafkaCluster;
  readonly folder: string;
  readonly #tls: TlsMaterial | undefined;

  private constructor(cluster: KafkaCluster, folder: string, tls: TlsMaterial | undefined) {
    this.cluster = cluster;
    this.folder = folder;
    this.#tls = tls;
  }

  /** Adds a TLS listener next to the plain one if wanted. */
  static async open(wanted: { readonly tls: boolean }): Promise<Ground> {
    const tls = wanted.tls ? await tlsMaterial() : undefined;
    const secure =
      tls === undefined
        ? {}
        : {
            listeners: [{ name: 'TLS', protocol: 'SSL', advertisedHost: 'localhost' } as const],
            properties: {
              'ssl.keystore.type': 'JKS',
              'ssl.keystore.location': tls.path('server', 'jks'),
              'ssl.keystore.password': tls.password,
              'ssl.key.password': tls.password,
            },
          };
    const cluster = await KafkaCluster.start({ brokers: 1, purpose: 'throughput', ...secure });
    return new Ground(cluster, await mkdtemp(join(tmpdir(), 'kd-bench-configs-')), tls);
  }

  /** The TLS version and cipher that the listener picks for a client that leaves the choice to it. */
  async handshake(): Promise<Handshake> {
    const port = Number(this.cluster.bootstrapServersOf('TLS').split(':').at(-1));
    const socket = connect({ host: 'localhost', port, ca: this.#tls?.pem('ca').certificate });
    try {
      await once(socket, 'secureConnect');
      return { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName };
    } finally {
      socket.destroy();
    }
  }

  async close(): Promise<void> {
    await this.cluster.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async fill(recipe: Recipe): Promise<Filled> {
    const topic = await this.cluster.createTopic(uniqueName('in'), { partitions: recipe.partitions });
    const { seconds } = await this.cluster.tool.produce({ topic, recipe });
    say(`filled ${topic}: ${recipe.records} records in ${seconds.toFixed(1)} s`);
    return { topic, recipe };
  }

  async emptyOutput(partitions: number): Promise<string> {
    return this.cluster.createTopic(uniqueName('out'), { partitions });
  }

  job(listener: Listener, topics: Pick<Job, 'input' | 'output' | 'largeOutput'>, records: number): Job {
    const { cluster, folder } = this;
    const tls = listener === 'TLS' ? this.#tls : undefined;
    return {
      ...topics,
      bootstrapServers: cluster.bootstrapServersOf(listener),
      tls,
      records,
      group: uniqueName('bench'),
      folder,
    };
  }

  /** Runs a contender over a filled topic into fresh ones; `inspect` reads what it wrote. */
  async run(contender: Contender, filled: Filled, inspect?: Inspect): Promise<Run> {
    const { recipe } = filled;
    const records = Math.min(recipe.records, contender.recordsMax ?? Number.POSITIVE_INFINITY);
    const output = await this.emptyOutput(recipe.partitions);
    const largeOutput = contender.routes === true ? await this.emptyOutput(recipe.partitions) : undefined;
    const outputs = [output, ...(largeOutput === undefined ? [] : [largeOutput])];
    const job = this.job(contender.listener, { input: filled.topic, output, largeOutput }, records);
    const cost = await runMeasured(await contender.command(job));
    if (records === recipe.records) await inspect?.(contender, outputs, recipe);
    await this.cluster.tool.deleteTopics(outputs);
    return { ...cost, records };
  }

  /** Has Java read every record of the output: a speed at which records get lost does not count. */
  readonly check: Inspect = async (contender, outputs, recipe) => {
    if (contender.id === 'floor-consume') return;
    const found = contender.exact ? recipe : { ...recipe, format: 'avro' as const };
    const result = await this.cluster.tool.verify({
      topics: outputs,
      recipe: found,
      compare: contender.exact ? 'bytes' : 'id',
      samePartition: true,
    });
    const bad = result.missing + result.duplicates + result.reordered + result.altered + result.foreign;
    if (bad > 0) {
      throw new Error(`${contender.id}: the output is wrong: ${JSON.stringify(result)}`);
    }
  };
}
