import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../test/support/paths.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly librdkafka: string;
  readonly java: string;
  readonly commit: string;
  readonly date: string;
  readonly loadBefore: number;
}

function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      cwd: projectRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** The files that figures depend on: not documents, tests or the results themselves. */
const MEASURED = [
  'src',
  'workers',
  'native',
  'benchmarks/*.ts',
  'benchmarks/floor',
  'benchmarks/peers',
  'benchmarks/transforms',
  'package-lock.json',
];

function librdkafkaVersion(): string {
  const header = readFileSync(
    join(projectRoot, 'node_modules/node-rdkafka/deps/librdkafka/src/rdkafka.h'),
    'utf8',
  );
  const hex = /#define RD_KAFKA_VERSION 0x([0-9a-f]{8})/.exec(header)?.[1] ?? '';
  return [hex.slice(0, 2), hex.slice(2, 4), hex.slice(4, 6)]
    .map((part) => Number.parseInt(part, 16))
    .join('.');
}

export function describeMachine(): Machine {
  const changed =
    output('git', ['status', '--porcelain', '--untracked-files=no', '--', ...MEASURED]) === ''
      ? ''
      : ', with local changes';
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    librdkafka: librdkafkaVersion(),
    java: /"([^"]+)"/.exec(output('bash', ['-c', 'java -version 2>&1']))?.[1] ?? 'unknown',
    commit: `${output('git', ['rev-parse', '--short', 'HEAD'])}${changed}`,
    date: new Date().toISOString().slice(0, 10),
    loadBefore: loadavg()[0] ?? 0,
  };
}
