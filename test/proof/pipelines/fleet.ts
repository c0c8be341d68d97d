/** A directory of pipelines in one process, with an input that keeps a pace. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../integration/waiting.js';
import { type TestCluster, uniqueName } from '../../support/kafka-cluster.js';
import { type KdProcess, spawnKd } from '../../support/kd.js';
import { Pacer } from '../support.js';

const START_MS = 180_000;
const VALUE = Buffer.alloc(100, 'a record of a hundred bytes ');
const TICKS_PER_SECOND = 50;

const COPY = "import { forward } from 'kafka-dispatcher';\nexport default () => forward();\n";

interface Section {
  readonly name: string;
  readonly ready: boolean;
  readonly records?: { readonly transformed: number };
}

interface Counts {
  readonly sent: number;
  readonly settled: number;
}

/** How far one pipeline was behind its input, by the second. */
export interface Window {
  readonly name: string;
  readonly sent: number;
  readonly settled: number;
  readonly behindMax: number;
  /** How far behind it was, by the second. */
  readonly behind: readonly number[];
}

export interface PipelineSpec {
  readonly transform?: string;
  readonly dispatcher?: object;
  readonly producer?: object;
  readonly consumer?: object;
}

export class Fleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'kd-fleet-'));
  readonly names = new Set<string>();
  readonly #cluster: TestCluster;
  readonly #prefix = uniqueName('fl');
  readonly #sent = new Map<string, number>();
  readonly #input: Pacer;
  #kd: KdProcess | undefined;
  #url = '';
  #pacing: Promise<void> | undefined;
  #perSecond = 0;
  #ended = false;

  private constructor(cluster: TestCluster, input: Pacer) {
    this.#cluster = cluster;
    this.#input = input;
    this.#write('defaults.yml', {
      kafka: { 'bootstrap-servers': cluster.bootstrapServers },
      dispatcher: { 'reload-interval': '0s', input: { format: 'raw' } },
      server: { port: 0 },
    });
  }

  static async create(cluster: TestCluster): Promise<Fleet> {
    return new Fleet(cluster, await Pacer.connect(cluster.bootstrapServers));
  }

  async add(name: string, spec: PipelineSpec = {}): Promise<void> {
    const input = this.#topic(name, 'in');
    for (const side of ['in', 'out', 'dead'] as const)
      await this.#cluster.createTopic(this.#topic(name, side), { partitions: 1 });
    this.#write(`${name}.mjs`, spec.transform ?? COPY);
    this.#write(`${name}.yml`, {
      kafka: {
        consumer: { 'group-id': input, topics: [input], ...spec.consumer },
        producer: { topic: this.#topic(name, 'out'), ...spec.producer },
      },
      dispatcher: {
        transform: `./${name}.mjs`,
        'dead-letter': { topic: this.#topic(name, 'dead'), 'stop-above': '100%' },
        ...spec.dispatcher,
      },
    });
    this.names.add(name);
    this.#sent.set(name, 0);
  }

  remove(name: string): void {
    this.names.delete(name);
    rmSync(join(this.folder, `${name}.yml`));
  }

  get kd(): KdProcess {
    if (this.#kd === undefined) throw new Error('the fleet has not been started');
    return this.#kd;
  }

  /** Resolves when all are ready; the answer is how long that took. */
  async start(): Promise<number> {
    const sinceMs = performance.now();
    this.#kd = spawnKd(['run', '-o', 'json', '-c', '.'], { cwd: this.folder });
    const [url] = await this.#kd.waitFor(/http:\/\/127\.0\.0\.1:\d+/, START_MS);
    this.#url = url;
    await eventually('all run', () => this.#allRun(), START_MS);
    return performance.now() - sinceMs;
  }

  reload(): void {
    this.kd.kill('SIGHUP');
  }

  async sections(): Promise<readonly Section[]> {
    const { pipelines } = (await (await fetch(`${this.#url}/status`)).json()) as { pipelines: Section[] };
    return pipelines;
  }

  async section(name: string): Promise<Section | undefined> {
    return (await this.sections()).find((one) => one.name === name);
  }

  /** From now on each pipeline has this many records a second. */
  begin(perSecond: number): void {
    this.#perSecond = perSecond;
    this.#pacing ??= this.#pace();
  }

  async endInput(): Promise<void> {
    this.#ended = true;
    this.#perSecond = 0;
    await this.#pacing;
    await this.#input.flush();
    await this.#input.close();
  }

  /** What became of the input of `names` for so many seconds. */
  async watch(names: readonly string[], seconds: number): Promise<readonly Window[]> {
    const first = await this.#look(names);
    const behind = new Map<string, number[]>(names.map((name) => [name, []]));
    let last = first;
    for (let second = 0; second < seconds; second += 1) {
      await sleep(1_000);
      last = await this.#look(names);
      for (const [name, { sent, settled }] of last) behind.get(name)?.push(sent - settled);
    }
    return names.map((name) => ({
      name,
      sent: (last.get(name)?.sent ?? 0) - (first.get(name)?.sent ?? 0),
      settled: (last.get(name)?.settled ?? 0) - (first.get(name)?.settled ?? 0),
      behindMax: Math.max(0, ...(behind.get(name) ?? [])),
      behind: behind.get(name) ?? [],
    }));
  }

  async settled(names: readonly string[]): Promise<boolean> {
    return [...(await this.#look(names)).values()].every(({ sent, settled }) => sent === settled);
  }

  sent(name: string): number {
    return this.#sent.get(name) ?? 0;
  }

  async end(): Promise<void> {
    this.#kd?.kill('SIGKILL');
    if (!this.#ended) await this.endInput();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Of the running process: resident bytes, threads, and processor time so far in ms. */
  usage(): { readonly rssMib: number; readonly threads: number; readonly cpuMs: number } {
    const status = readFileSync(`/proc/${this.kd.pid}/status`, 'utf8');
    const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    const fields = readFileSync(`/proc/${this.kd.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * 10;
    return { rssMib: Math.round(figure('VmRSS') / 1024), threads: figure('Threads'), cpuMs };
  }

  async #allRun(): Promise<boolean> {
    const sections = await this.sections();
    return sections.length === this.names.size && sections.every(({ ready }) => ready);
  }

  /** Sent records are counted before settled ones: nothing seems further behind than it is. */
  async #look(names: readonly string[]): Promise<ReadonlyMap<string, Counts>> {
    const sent = new Map(this.#sent);
    const sections = await this.sections();
    return new Map(
      names.map((name) => {
        const records = sections.find((one) => one.name === name)?.records;
        return [name, { sent: sent.get(name) ?? 0, settled: records?.transformed ?? 0 }];
      }),
    );
  }

  async #pace(): Promise<void> {
    let due = 0;
    let lastMs = performance.now();
    while (this.#perSecond > 0) {
      const nowMs = performance.now();
      due += ((nowMs - lastMs) * this.#perSecond) / 1_000;
      lastMs = nowMs;
      for (; due >= 1; due -= 1)
        for (const name of this.names) {
          this.#input.put({ topic: this.#topic(name, 'in'), partition: 0, key: null, value: VALUE });
          this.#sent.set(name, this.sent(name) + 1);
        }
      await sleep(1_000 / TICKS_PER_SECOND);
    }
  }

  #topic(name: string, side: 'in' | 'out' | 'dead'): string {
    return `${this.#prefix}-${name}-${side}`;
  }

  #write(file: string, content: object | string): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    writeFileSync(join(this.folder, file), text);
  }
}
