/** The run under soak: its configuration, which changes with each reload, and its input. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '../../test/support/java/requests.js';
import { type KafkaCluster, uniqueName } from '../../test/support/kafka-cluster.js';
import { type KdProcess, kdEntry, spawnKd } from '../../test/support/kd.js';
import { projectRoot } from '../../test/support/paths.js';
import type { SoakOptions } from './options.js';

const PARTITIONS = 6;
const VALUE_BYTES = 100;
/** Input is written in pieces, so that the tool answers other questions in between. */
const PIECE_SECONDS = 10;
const PIECE_TIMEOUT_MS = 300_000;

export class SoakJob {
  readonly folder: string;
  readonly input = uniqueName('soak-in');
  readonly output = uniqueName('soak-out');
  readonly receipt: string;
  readonly #cluster: KafkaCluster;
  readonly #options: SoakOptions;
  #pieces = 0;
  #over = false;

  constructor(cluster: KafkaCluster, options: SoakOptions, folder: string) {
    this.#cluster = cluster;
    this.#options = options;
    this.folder = folder;
    this.receipt = join(folder, 'receipt.jsonl');
  }

  async prepare(): Promise<void> {
    await this.#cluster.createTopic(this.input, { partitions: PARTITIONS });
    await this.#cluster.createTopic(this.output, { partitions: PARTITIONS });
    this.configure(0);
  }

  /** Another generation takes new clients, threads and blocks. */
  configure(generation: number): void {
    const config = {
      name: 'soak',
      kafka: {
        'bootstrap-servers': this.#cluster.bootstrapServers,
        consumer: { 'group-id': `${this.input}-group`, topics: [this.input] },
        producer: { topic: this.output },
      },
      dispatcher: {
        transform: join(projectRoot, 'benchmarks', 'transforms', 'soak.ts'),
        options: { generation },
        input: { format: 'json' },
        output: { format: 'json', partition: 'same' },
        'stall-timeout': '10m',
      },
      server: { port: 0 },
      logging: { level: 'info', format: 'json' },
    };
    writeFileSync(join(this.folder, 'kd.yml'), JSON.stringify(config, null, 2));
  }

  start(): KdProcess {
    const args = ['run', '--until', 'forever', '-o', 'json', '--receipt', this.receipt];
    return spawnKd(args, { cwd: this.folder, entry: kdEntry() });
  }

  /** Writes at a pace until `endFeeding`. */
  async feed(): Promise<void> {
    const { recordsPerSecond: perSecond } = this.#options;
    for (; !this.#over; this.#pieces += 1) {
      const from = this.#pieces * this.#perPiece;
      await this.#cluster.tool.produce({
        topic: this.input,
        recipe: this.recipe(this.#pieces + 1),
        from,
        to: from + this.#perPiece,
        perSecond,
        timeoutMs: PIECE_TIMEOUT_MS,
        properties: { 'enable.idempotence': 'true' },
      });
    }
  }

  endFeeding(): void {
    this.#over = true;
  }

  get fed(): number {
    return this.#pieces * this.#perPiece * PARTITIONS;
  }

  /** All that was written so far. */
  get written(): Recipe {
    return this.recipe(this.#pieces);
  }

  /** Records of one partition in a piece. */
  get #perPiece(): number {
    return Math.ceil((this.#options.recordsPerSecond * PIECE_SECONDS) / PARTITIONS);
  }

  private recipe(pieces: number): Recipe {
    const records = pieces * this.#perPiece * PARTITIONS;
    return { seed: 11, records, partitions: PARTITIONS, bytes: VALUE_BYTES, format: 'json' };
  }
}
