/** The ground all contenders run on: one real broker, topics filled with seeded records. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recipe } from '../test/support/java-tool.js';
import { KafkaCluster, uniqueName } from '../test/support/kafka-cluster.js';
import type { Contender, Job } from './contenders.js';
import { type ProcessCost, runMeasured } from './measure.js';

export interface Filled {
  readonly topic: string;
  readonly recipe: Recipe;
}

/** One run: the kernel's count and what the program said. */
export interface Run extends ProcessCost {
  readonly records: number;
}

export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

export class Ground {
  readonly cluster: KafkaCluster;
  readonly folder: string;

  private constructor(cluster: KafkaCluster, folder: string) {
    this.cluster = cluster;
    this.folder = folder;
  }

  static async open(): Promise<Ground> {
    const cluster = await KafkaCluster.start({ brokers: 1, purpose: 'throughput' });
    return new Ground(cluster, await mkdtemp(join(tmpdir(), 'kd-bench-configs-')));
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

  job(input: string, output: string, records: number): Job {
    return { bootstrapServers: this.cluster.bootstrapServers, input, output, records, group: uniqueName('bench'), folder: this.folder };
  }

  /** Runs a contender over a filled topic into a fresh one; `check` has Java read every record of the output. */
  async run(contender: Contender, filled: Filled, check: boolean): Promise<Run> {
    const { recipe } = filled;
    const records = Math.min(recipe.records, contender.recordsMax ?? Number.POSITIVE_INFINITY);
    const output = await this.emptyOutput(recipe.partitions);
    const cost = await runMeasured(await contender.command(this.job(filled.topic, output, records)));
    if (check && records === recipe.records && contender.id !== 'floor-consume') {
      await this.check(contender, output, recipe);
    }
    await this.cluster.tool.deleteTopics([output]);
    return { ...cost, records };
  }

  /** A speed at which records get lost is no speed. */
  private async check(contender: Contender, output: string, recipe: Recipe): Promise<void> {
    const found = contender.exact ? recipe : { ...recipe, format: 'avro' as const };
    const result = await this.cluster.tool.verify({
      topics: [output],
      recipe: found,
      compare: contender.exact ? 'bytes' : 'id',
      samePartition: true,
    });
    const bad = result.missing + result.duplicates + result.reordered + result.altered + result.foreign;
    if (bad > 0) {
      throw new Error(`${contender.id}: the output is wrong: ${JSON.stringify(result)}`);
    }
  }
}
