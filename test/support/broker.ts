/** One Kafka broker as its own process: started, killed, frozen, restarted on the same ports and data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { log4jConfig, type OldRelease, oldLog4jConfig, prepareJava, prepareRelease } from './java/java.js';

export interface BrokerOptions {
  readonly nodeId: number;
  readonly folder: string;
  readonly clusterId: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly jvmOptions: readonly string[];
  /** Additional arguments of `StorageTool format`, e.g. `--add-scram …`. */
  readonly formatArguments: readonly string[];
  /** [the newest] */
  readonly release?: OldRelease | undefined;
}

/** Kafka 2 keeps its metadata in ZooKeeper, whose address is in `zookeeper.connect`. */
export function needsZooKeeper(release: OldRelease | undefined): boolean {
  return release?.startsWith('2.') === true;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 25;
const TAIL_CHARACTERS = 3000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
});

export class Broker {
  readonly logFile: string;
  readonly logDir: string;
  readonly #options: BrokerOptions;
  #child: ChildProcess | undefined;
  #startMark = 0;

  constructor(options: BrokerOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    this.logFile = join(options.folder, 'broker.log');
    this.logDir = join(options.folder, 'data');
    const lines = Object.entries({ ...options.properties, 'log.dirs': this.logDir }).map(
      ([name, value]) => `${name}=${value}\n`,
    );
    writeFileSync(join(options.folder, 'broker.properties'), lines.join(''));
    writeFileSync(this.logFile, '');
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the broker has started and joined the cluster. */
  async start(): Promise<void> {
    if (this.#child !== undefined) {
      throw new Error(`broker ${this.#options.nodeId} runs already`);
    }
    const { folder, jvmOptions } = this.#options;
    const own = await this.#program();
    this.#startMark = readFileSync(this.logFile).length;
    const log = openSync(this.logFile, 'a');
    const child = spawn('java', [...jvmOptions, ...own], {
      stdio: ['pipe', log, log],
      cwd: folder,
    });
    closeSync(log);
    child.unref();
    if (child.stdin instanceof Socket) {
      child.stdin.unref();
    }
    child.stdin?.on('error', () => {
      // The broker is already gone; 'exit' reports it.
    });
    running.add(child);
    child.once('exit', () => {
      running.delete(child);
      if (this.#child === child) {
        this.#child = undefined;
      }
    });
    this.#child = child;
    await this.#ready(child);
  }

  async #program(): Promise<string[]> {
    const { folder, clusterId, formatArguments, release } = this.#options;
    const properties = join(folder, 'broker.properties');
    const program = ['kd.Broker', properties, clusterId, this.logDir, ...formatArguments];
    if (release === undefined)
      return [
        `-Dlog4j2.configurationFile=${log4jConfig}`,
        '-cp',
        (await prepareJava()).classPath,
        ...program,
      ];
    const old = [`-Dlog4j.configuration=file:${oldLog4jConfig}`, '-cp', await prepareRelease(release)];
    return needsZooKeeper(release)
      ? [...old, 'kd.OldBroker', this.#zooKeeperFile(), properties]
      : [...old, ...program];
  }

  #zooKeeperFile(): string {
    const { folder, properties } = this.#options;
    const file = join(folder, 'zookeeper.properties');
    const port = /\d+$/.exec(properties['zookeeper.connect'] ?? '')?.[0] ?? '';
    const lines = [
      'clientPortAddress=127.0.0.1',
      `clientPort=${port}`,
      `dataDir=${join(folder, 'zookeeper')}`,
      'admin.enableServer=false',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    const said = needsZooKeeper(this.#options.release)
      ? '] started (kafka.server.KafkaServer)'
      : 'Kafka Server started';
    while (!readFileSync(this.logFile).subarray(this.#startMark).includes(said)) {
      if (this.#child !== child) {
        throw new Error(`broker ${this.#options.nodeId} ended while starting; ${this.tail()}`);
      }
      if (performance.now() > deadline) {
        throw new Error(
          `broker ${this.#options.nodeId} is not ready after ${READY_TIMEOUT_MS} ms; ${this.tail()}`,
        );
      }
      await sleep(POLL_MS);
    }
  }

  /** The end of its log, for error messages. */
  tail(): string {
    return `log ${this.logFile}:\n${readFileSync(this.logFile, 'utf8').slice(-TAIL_CHARACTERS)}`;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: a controlled shutdown that moves leaders away first. */
  async terminate(): Promise<void> {
    await this.#end('SIGTERM');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(
          new Error(
            `broker ${this.#options.nodeId} did not end within ` +
              `${STOP_TIMEOUT_MS} ms of ${signal}; ${this.tail()}`,
          ),
        );
      }, STOP_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill(signal);
    });
  }
}
