/** Compares the resources of this machine with those that the configuration needs. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import { type Check, Findings, type LineOf, plural } from './check.js';

const MIB = 1_048_576;
/** Memory of Node itself, and of each worker thread. */
const NODE_BYTES = 60 * MIB;
const WORKER_BYTES = 20 * MIB;
/** Both clients connect to every broker, and each opens a second connection while it renews one. */
const SOCKETS_A_BROKER = 4;
const FILES_AT_REST = 64;
const FILES_A_THREAD = 8;
/** A smaller share of what is available is fine. */
const MEMORY_SHARE_WARNED = 0.7;

export interface LocalInput {
  readonly config: ResolvedConfig;
  readonly line: LineOf;
  readonly brokers: number;
  /** Soft limit; undefined if it is not known here. */
  readonly openFilesMax: number | undefined;
  /** Free memory, or the container's limit if that is less. */
  readonly memoryBytes: number;
  readonly cores: number;
  readonly librdkafka: { readonly version: string; readonly features: ReadonlySet<string> };
  readonly nodeVersion: string;
}

export function judgeLocal(input: LocalInput): readonly Check[] {
  return [...judgeFiles(input), ...judgeMemory(input), ...judgeThreads(input), ...judgeLibrary(input)];
}

function judgeFiles({ config, brokers, openFilesMax }: LocalInput): readonly Check[] {
  const findings = new Findings('local', 'open files');
  const wanted =
    FILES_AT_REST + FILES_A_THREAD * config.dispatcher.threads + SOCKETS_A_BROKER * Math.max(1, brokers);
  if (openFilesMax === undefined) findings.skipped('the limit is not known on this system');
  else if (openFilesMax < wanted)
    findings.failed(
      `at most ${openFilesMax}, about ${wanted} are needed`,
      'raise it: ulimit -n 65536, or LimitNOFILE=65536 in the unit',
    );
  else if (openFilesMax < 2 * wanted)
    findings.warning(
      `at most ${openFilesMax}, about ${wanted} are needed`,
      'raise it: ulimit -n 65536, or LimitNOFILE=65536 in the unit',
    );
  else findings.ok(`at most ${openFilesMax}, about ${wanted} are needed`);
  return findings.checks;
}

function judgeMemory({ config, memoryBytes, line }: LocalInput): readonly Check[] {
  const findings = new Findings('local', 'memory');
  const { inFlight, threads } = config.dispatcher;
  const fetchBytes = Number(config.consumer.properties.get('queued.max.messages.kbytes') ?? 16_384) * 1_024;
  const wantedBytes = NODE_BYTES + WORKER_BYTES * threads + fetchBytes + inFlight.bytesMax;
  const said =
    `${mib(wantedBytes)} at most (in flight ${mib(inFlight.bytesMax)}, fetch queue ` +
    `${mib(fetchBytes)}, ${plural(threads, 'thread')}), ${mib(memoryBytes)} available`;
  const remedy =
    `lower ${line('dispatcher.in-flight.bytes-max')} or ${line('dispatcher.threads')}, or ` +
    `give it more memory`;
  if (wantedBytes > memoryBytes) findings.failed(said, remedy);
  else if (wantedBytes > memoryBytes * MEMORY_SHARE_WARNED) findings.warning(said, remedy);
  else findings.ok(said);
  return findings.checks;
}

function judgeThreads({ config, cores, line }: LocalInput): readonly Check[] {
  const findings = new Findings('local', 'threads');
  const { threads } = config.dispatcher;
  const said = `${plural(threads, 'worker thread')} on ${plural(cores, 'core')}`;
  if (threads > cores)
    findings.warning(`${said}: they compete for CPU time`, `set ${line('dispatcher.threads')}: auto`);
  else if (threads === 0)
    findings.warning(
      'transforms run in the main thread, which is for debugging',
      `set ${line('dispatcher.threads')}: auto`,
    );
  else findings.ok(said);
  return findings.checks;
}

function judgeLibrary({ librdkafka, nodeVersion, config, line }: LocalInput): readonly Check[] {
  const findings = new Findings('local', 'librdkafka');
  const { version, features } = librdkafka;
  const codec =
    config.producer.properties.get('compression.codec') ?? config.producer.properties.get('compression.type');
  const remedy = 'install libzstd-dev and build node-rdkafka again (npm rebuild node-rdkafka)';
  if (!features.has('zstd') && codec === 'zstd')
    findings.failed(
      'was built without zstd',
      `${remedy}, or change ${line('kafka.producer.properties.compression.codec')}`,
    );
  else if (!features.has('zstd'))
    findings.warning("was built without zstd: records compressed with zstd can't be read", remedy);
  else
    findings.ok(
      `${version} on Node ${nodeVersion}, with ` +
        `${['ssl', 'sasl_scram', 'oidc', 'zstd', 'lz4'].filter((name) => features.has(name)).join(', ')}`,
    );
  return findings.checks;
}

function mib(bytes: number): string {
  return bytes >= 10_240 * MIB
    ? `${(bytes / (1_024 * MIB)).toFixed(1)} GiB`
    : `${Math.round(bytes / MIB)} MiB`;
}
