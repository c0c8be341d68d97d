/**
 * Runs test files with one shared broker: `node build/test/run.js [folder or file below build/test …]`; without arguments all of them.
 * The broker is started only where a file asks for it (it imports support/shared-cluster.js).
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KafkaCluster } from './support/kafka-cluster.js';
import { buildRoot } from './support/paths.js';
import { SHARED_BOOTSTRAP } from './support/shared-cluster.js';

const TEST_FILE_TIMEOUT_MS = 10 * 60_000;
const FILES_AT_ONCE = 2;

function testFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) {
    return [path];
  }
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(path, name))
    .sort();
}

function wantsBroker(file: string): boolean {
  return readFileSync(file, 'utf8').includes('shared-cluster.js');
}

function runNode(files: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = ['--enable-source-maps', '--test', `--test-concurrency=${FILES_AT_ONCE}`, `--test-timeout=${TEST_FILE_TIMEOUT_MS}`];
  const child = spawn(process.execPath, [...options, ...files], { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((done) => {
    child.once('exit', (code) => {
      done(code ?? 1);
    });
  });
}

const testRoot = join(buildRoot, 'test');
const wanted = process.argv.slice(2).map((name) => (existsSync(join(testRoot, name)) ? join(testRoot, name) : resolve(name)));
const files = (wanted.length === 0 ? [testRoot] : wanted).flatMap(testFiles);
const cluster = files.some(wantsBroker) && process.env[SHARED_BOOTSTRAP] === undefined ? await KafkaCluster.start({ brokers: 1 }) : undefined;
const env = cluster === undefined ? process.env : { ...process.env, [SHARED_BOOTSTRAP]: cluster.bootstrapServers };
const code = await runNode(files, env);
await cluster?.stop({ failed: code !== 0 });
process.exitCode = code;
