/** A job as a user would set it up: a folder with kd.yml and a transform, run from the command line. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Summary } from '../../src/app/summary.js';
import type { VerifyResult } from '../support/java/requests.js';
import { type TestCluster, uniqueName } from '../support/kafka-cluster.js';
import { type KdProcess, type KdResult, lastJson, runKd, spawnKd } from '../support/kd.js';

/** Full-size with `make proof`, scaled down in `make test`. */
export function sized(full: number, scaled: number): number {
  return process.env['KD_PROOF'] === 'full' ? full : scaled;
}

export interface JobSpec {
  readonly cluster: TestCluster;
  readonly partitions?: number;
  /** Partitions of the output topic: [partitions]; 0 = the topic is not created. */
  readonly outputPartitions?: number;
  /** [false] Creates a dead-letter topic and configures it. */
  readonly deadLetter?: boolean;
  /** Text of transform.ts. */
  readonly transform?: string;
  /** Merged over `dispatcher`. */
  readonly dispatcher?: Readonly<Record<string, unknown>>;
  readonly consumer?: Readonly<Record<string, unknown>>;
  /** Merged over `kafka.producer`. */
  readonly producer?: Readonly<Record<string, unknown>>;
  readonly properties?: Readonly<Record<string, string>>;
  /** Further keys under `kafka`. */
  readonly kafka?: Readonly<Record<string, unknown>>;
  /** [the cluster's plain listener] The servers that the job itself connects to. */
  readonly bootstrapServers?: string;
  readonly inputConfigs?: Readonly<Record<string, string>>;
  readonly outputConfigs?: Readonly<Record<string, string>>;
  /** Further files of the folder. */
  readonly files?: Readonly<Record<string, string>>;
}

export class Job {
  readonly folder: string;
  readonly group: string;
  readonly input: string;
  readonly output: string;
  readonly deadLetters: string;
  readonly cluster: TestCluster;

  private constructor(spec: JobSpec, folder: string, name: string) {
    this.cluster = spec.cluster;
    this.folder = folder;
    this.group = `${name}-group`;
    this.input = `${name}-in`;
    this.output = `${name}-out`;
    this.deadLetters = `${name}-dlq`;
  }

  static async create(spec: JobSpec): Promise<Job> {
    const job = new Job(spec, mkdtempSync(join(tmpdir(), 'kd-job-')), uniqueName('job'));
    const partitions = spec.partitions ?? 4;
    await spec.cluster.createTopic(job.input, {
      partitions,
      ...(spec.inputConfigs === undefined ? {} : { configs: spec.inputConfigs }),
    });
    const outputPartitions = spec.outputPartitions ?? partitions;
    if (outputPartitions > 0) {
      await spec.cluster.createTopic(job.output, {
        partitions: outputPartitions,
        ...(spec.outputConfigs === undefined ? {} : { configs: spec.outputConfigs }),
      });
    }
    if (spec.deadLetter === true) await spec.cluster.createTopic(job.deadLetters, { partitions: 2 });
    if (spec.transform !== undefined) writeFileSync(join(job.folder, 'transform.ts'), spec.transform);
    for (const [name, text] of Object.entries(spec.files ?? {})) {
      mkdirSync(dirname(join(job.folder, name)), { recursive: true });
      writeFileSync(join(job.folder, name), text);
    }
    writeFileSync(join(job.folder, 'kd.yml'), JSON.stringify(job.configuration(spec), null, 2));
    return job;
  }

  private configuration(spec: JobSpec): object {
    return {
      kafka: {
        'bootstrap-servers': spec.bootstrapServers ?? spec.cluster.bootstrapServers,
        ...(spec.properties === undefined ? {} : { properties: spec.properties }),
        ...spec.kafka,
        consumer: { 'group-id': this.group, topics: [this.input], ...spec.consumer },
        producer: { topic: this.output, ...spec.producer },
      },
      dispatcher: {
        ...(spec.transform === undefined ? {} : { transform: './transform.ts', input: { format: 'raw' } }),
        ...(spec.deadLetter === true ? { 'dead-letter': { topic: this.deadLetters } } : {}),
        'commit-interval': '200ms',
        ...spec.dispatcher,
      },
    };
  }

  /** Runs `kd run --until end -o json` to its end. */
  async runToEnd(
    options: {
      readonly expect?: number;
      readonly args?: readonly string[];
      readonly timeoutMs?: number;
    } = {},
  ): Promise<{ summary: Summary; result: KdResult }> {
    const result = await runKd(['run', '--until', 'end', '-o', 'json', ...(options.args ?? [])], {
      cwd: this.folder,
      timeoutMs: options.timeoutMs ?? 180_000,
    });
    assert.equal(
      result.code,
      options.expect ?? 0,
      `exit code; it said:\n${result.stderr.slice(-6000)}\n${result.stdout.slice(-3000)}`,
    );
    const summary = lastJson(result.stdout) as Summary;
    assertLaw(summary);
    return { summary, result };
  }

  spawn(args: readonly string[] = ['--until', 'end'], env: Readonly<Record<string, string>> = {}): KdProcess {
    return spawnKd(['run', '-o', 'json', ...args], { cwd: this.folder, env });
  }

  async committed(): Promise<number> {
    return (await this.cluster.tool.committed(this.group)).reduce((sum, { offset }) => sum + offset, 0);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** How many dead letters there were of each code. */
export function countsByCode({ deadLetteredBy }: Summary): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(deadLetteredBy).map(([code, { count }]) => [code, count]));
}

/** consumed = transformed + filtered + deadLettered + handedOver + unsettled. */
export function assertLaw(summary: Summary): void {
  const { consumed, transformed, filtered, deadLettered, handedOver, unsettled } = summary.records;
  assert.equal(
    consumed,
    transformed + filtered + deadLettered + handedOver + unsettled,
    `the summary adds up: ${JSON.stringify(summary.records)}`,
  );
}

export function assertExact(result: VerifyResult): void {
  const { missing, duplicates, reordered, altered, foreign, examples } = result;
  assert.deepEqual(
    { missing, duplicates, reordered, altered, foreign },
    { missing: 0, duplicates: 0, reordered: 0, altered: 0, foreign: 0 },
    examples.join('\n'),
  );
}

/** Nothing lost, nothing changed, first arrivals in order; duplicates are allowed. */
export function assertNothingLost(result: VerifyResult): void {
  const { missing, reordered, altered, foreign, examples } = result;
  assert.deepEqual(
    { missing, reordered, altered, foreign },
    { missing: 0, reordered: 0, altered: 0, foreign: 0 },
    examples.join('\n'),
  );
}
