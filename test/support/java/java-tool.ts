/**
 * The typed interface to test/java: a long-lived Java program on Kafka's own client that creates, fills,
 * reads and checks topics.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { log4jConfig, prepareJava } from './java.js';
import type {
  ClientProperties,
  CommittedPlace,
  ConsumedRecord,
  CopyRequest,
  DigestRequest,
  GroupState,
  Isolation,
  PartitionOffset,
  PlainRecord,
  ProduceRequest,
  Right,
  TopicDigest,
  TopicSpec,
  VerifyRequest,
  VerifyResult,
} from './requests.js';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

interface WireRecord extends Omit<ConsumedRecord, 'key' | 'value' | 'headers'> {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}

const TIMEOUT_MS = 60_000;
const BULK_TIMEOUT_MS = 300_000;
const HEAP_MAX = '1g';

export class JavaTool {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #errors = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#onAnswer(line);
    });
    child.on('exit', (code, signal) => {
      this.#failAll(`the Java tool ended (${signal ?? code}): ${this.#errors}`);
    });
    child.stdin.on('error', () => {
      // 'exit' reports its end.
    });
    // Open pipes must not keep a test process alive; a pending request does, by its timer.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      if (stream instanceof Socket) {
        stream.unref();
      }
    }
  }

  static async start(bootstrapServers: string): Promise<JavaTool> {
    const { classPath } = await prepareJava();
    const jvm = [
      '-Xshare:auto',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=4',
      '-Xms64m',
      `-Xmx${HEAP_MAX}`,
      '-Djava.net.preferIPv4Stack=true',
    ];
    return new JavaTool(
      spawn('java', [
        ...jvm,
        `-Dlog4j2.configurationFile=${log4jConfig}`,
        '-cp',
        classPath,
        'kd.Tool',
        bootstrapServers,
      ]),
    );
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  async createTopics(topics: readonly TopicSpec[], properties: ClientProperties = {}): Promise<void> {
    await this.#request('create-topics', { topics, properties }, TIMEOUT_MS);
  }

  /** Adds partitions to an existing topic. */
  async createPartitions(topic: string, count: number): Promise<void> {
    await this.#request('create-partitions', { topic, count }, TIMEOUT_MS);
  }

  /** Moves a partition to these brokers. */
  async reassign(topic: string, partition: number, replicas: readonly number[]): Promise<void> {
    await this.#request('reassign', { topic, partition, replicas }, TIMEOUT_MS);
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    await this.#request('delete-topics', { topics }, TIMEOUT_MS);
  }

  /** With their committed offsets, as Kafka does after offsets.retention.minutes. */
  async deleteGroups(groups: readonly string[]): Promise<void> {
    await this.#request('delete-groups', { groups }, TIMEOUT_MS);
  }

  /** A null value resets a setting to its default. */
  async alterTopicConfigs(topic: string, configs: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#request('alter-configs', { topic, configs }, TIMEOUT_MS);
  }

  /** Idempotent producer, acks=all; resolves when everything is acknowledged. */
  async produce(
    request: ProduceRequest,
  ): Promise<{ readonly records: number; readonly valueBytes: number; readonly seconds: number }> {
    return (await this.#request('produce', request, request.timeoutMs ?? BULK_TIMEOUT_MS)) as {
      records: number;
      valueBytes: number;
      seconds: number;
    };
  }

  async send(
    topic: string,
    records: readonly PlainRecord[],
    properties: ClientProperties = {},
  ): Promise<void> {
    await this.#request('send', { topic, records: records.map(encode), properties }, TIMEOUT_MS);
  }

  /** Sends all records in one transaction, which is then committed or aborted. */
  async sendTransaction(
    topic: string,
    records: readonly PlainRecord[],
    outcome: 'commit' | 'abort',
  ): Promise<void> {
    const properties = { 'transactional.id': `${topic}-writer` };
    await this.#request(
      'send',
      { topic, records: records.map(encode), properties, transaction: outcome },
      TIMEOUT_MS,
    );
  }

  /** Writes the records and leaves their transaction open; at most one per topic. */
  async openTransaction(
    topic: string,
    records: readonly PlainRecord[],
  ): Promise<{ end(outcome: 'commit' | 'abort'): Promise<void> }> {
    const properties = { 'transactional.id': `${topic}-open`, 'transaction.timeout.ms': '600000' };
    const request = { topic, records: records.map(encode), properties, transaction: 'open' };
    await this.#request('send', request, TIMEOUT_MS);
    return {
      end: async (outcome) => {
        await this.#request('end-transaction', { topic, outcome }, TIMEOUT_MS);
      },
    };
  }

  async copy(request: CopyRequest): Promise<void> {
    await this.#request('copy', request, BULK_TIMEOUT_MS);
  }

  async verify(request: VerifyRequest): Promise<VerifyResult> {
    return (await this.#request('verify', request, request.timeoutMs ?? BULK_TIMEOUT_MS)) as VerifyResult;
  }

  async digest(request: DigestRequest): Promise<readonly TopicDigest[]> {
    const answer = await this.#request('digest', request, BULK_TIMEOUT_MS);
    return (answer as { readonly topics: readonly TopicDigest[] }).topics;
  }

  /**
   * Reads from the beginning to the end offsets at the time of the call; `max` [10,000]; `offsets`: partition
   * → first offset to read.
   */
  async consume(
    topics: readonly string[],
    options: {
      readonly max?: number;
      readonly offsets?: Readonly<Record<number, number>>;
      readonly isolation?: Isolation;
      readonly properties?: ClientProperties;
    } = {},
  ): Promise<readonly ConsumedRecord[]> {
    const answer = (await this.#request('consume', { topics, max: 10_000, ...options }, BULK_TIMEOUT_MS)) as {
      readonly records: readonly WireRecord[];
    };
    return answer.records.map((record) => ({
      ...record,
      key: decode(record.key),
      value: decode(record.value),
      headers: record.headers.map(([name, value]) => [name, decode(value)] as const),
    }));
  }

  async committed(group: string): Promise<readonly CommittedPlace[]> {
    return offsetsOf(await this.#request('committed', { group }, TIMEOUT_MS));
  }

  /** Sets a group's offsets; it must have no members. */
  async commit(group: string, offsets: readonly CommittedPlace[]): Promise<void> {
    await this.#request('commit', { group, offsets }, TIMEOUT_MS);
  }

  async endOffsets(
    topics: readonly string[],
    isolation: Isolation = 'read_committed',
  ): Promise<readonly PartitionOffset[]> {
    return offsetsOf(await this.#request('offsets', { topics, at: 'latest', isolation }, TIMEOUT_MS));
  }

  async beginningOffsets(topics: readonly string[]): Promise<readonly PartitionOffset[]> {
    return offsetsOf(await this.#request('offsets', { topics, at: 'earliest' }, TIMEOUT_MS));
  }

  /** `before`: partition → first offset that stays. */
  async deleteRecords(topic: string, before: Readonly<Record<number, number>>): Promise<void> {
    await this.#request('delete-records', { topic, before }, TIMEOUT_MS);
  }

  async group(group: string): Promise<GroupState> {
    return (await this.#request('group', { group }, TIMEOUT_MS)) as GroupState;
  }

  /** Only on a broker with an authorizer; resolves when the rights are in force. */
  async grant(user: string, rights: readonly Right[]): Promise<void> {
    await this.#request('grant', { user, rights }, TIMEOUT_MS);
  }

  async revoke(user: string, rights: readonly Right[]): Promise<void> {
    await this.#request('revoke', { user, rights }, TIMEOUT_MS);
  }

  /** For SCRAM-SHA-512. The broker uses it within moments. */
  async setPassword(user: string, password: string): Promise<void> {
    await this.#request('set-password', { user, password }, TIMEOUT_MS);
  }

  async brokerCount(): Promise<number> {
    return ((await this.#request('cluster', {}, TIMEOUT_MS)) as { readonly brokers: number }).brokers;
  }

  #request(command: string, body: object, timeoutMs: number): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error(`the Java tool did not answer ${command} within ${timeoutMs} ms: ${this.#errors}`));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        this.#failAll(`the Java tool is not running: ${this.#errors}`);
        return;
      }
      this.#child.stdin.write(`${JSON.stringify({ timeoutMs, ...body, id, command })}\n`);
    });
  }

  #onAnswer(line: string): void {
    const answer = JSON.parse(line) as {
      readonly id: number;
      readonly ok?: unknown;
      readonly error?: string;
    };
    const pending = this.#pending.get(answer.id);
    if (pending === undefined) {
      return;
    }
    this.#pending.delete(answer.id);
    clearTimeout(pending.timer);
    if (answer.error === undefined) {
      pending.resolve(answer.ok);
    } else {
      pending.reject(new Error(answer.error));
    }
  }

  #failAll(text: string): void {
    for (const [id, pending] of this.#pending) {
      this.#pending.delete(id);
      clearTimeout(pending.timer);
      pending.reject(new Error(text));
    }
  }
}

function encode(record: PlainRecord): object {
  return {
    ...record,
    key: record.key?.toString('base64') ?? null,
    value: record.value?.toString('base64') ?? null,
    headers: (record.headers ?? []).map(([name, value]) => [name, value?.toString('base64') ?? null]),
  };
}

function decode(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64');
}

function offsetsOf(answer: unknown): readonly CommittedPlace[] {
  return (answer as { readonly offsets: readonly CommittedPlace[] }).offsets;
}
