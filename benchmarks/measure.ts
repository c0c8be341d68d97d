/**
 * Runs a program and takes from the kernel what it cost: CPU of the whole process, all threads, and peak
 * memory.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../test/support/paths.js';

export const floorFolder = join(projectRoot, 'benchmarks', 'floor', 'build');

export interface ProcessCost {
  readonly code: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the main thread alone. */
  readonly mainSeconds: number;
  readonly rssPeakBytes: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  /** Resolves whatever the exit code is. */
  readonly ended: Promise<ProcessCost>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Of the program itself, while it runs. */
  readonly pid: () => number;
}

const OUTPUT_CHARACTERS_MAX = 1024 * 1024;

interface KernelCount {
  readonly code: number;
  readonly seconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly mainSeconds: number;
  readonly rssPeakBytes: number;
}

/** Node reads these certificates at every start, which is a setting of the machine and not of a contender. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _certificates, ...environment } = process.env;
  return environment;
}

export async function startMeasured(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'kd-bench-'));
  const file = join(folder, 'cost.json');
  const child = spawn(join(floorFolder, 'measure'), [file, ...command], {
    env: { ...ownEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-OUTPUT_CHARACTERS_MAX);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-OUTPUT_CHARACTERS_MAX);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      resolve();
    });
  }).then(async (): Promise<ProcessCost> => {
    const cost = JSON.parse(await readFile(file, 'utf8')) as KernelCount;
    await rm(folder, { recursive: true, force: true });
    const { code, seconds, rssPeakBytes, mainSeconds } = cost;
    const cpuSeconds = cost.userSeconds + cost.systemSeconds;
    return { code, seconds, rssPeakBytes, cpuSeconds, mainSeconds, stdout, stderr };
  });
  return {
    ended,
    signal: (name) => {
      child.kill(name);
    },
    // The only child of the one that measures it.
    pid: () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')),
  };
}

export async function runMeasured(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProcessCost> {
  const program = await startMeasured(command, env);
  const cost = await program.ended;
  if (cost.code !== 0) {
    throw new Error(
      `${command.slice(0, 3).join(' ')} … ended with ` +
        `${cost.code}\n${cost.stdout.slice(-2000)}\n${cost.stderr.slice(-4000)}`,
    );
  }
  return cost;
}
