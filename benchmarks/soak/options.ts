/** `make soak` is told by variables: make soak HOURS=0.1 RELOADS=5 BROKER_RESTARTS=2. */
import { join } from 'node:path';
import { projectRoot } from '../../test/support/paths.js';

export interface SoakOptions {
  readonly hours: number;
  readonly reloads: number;
  readonly brokerRestarts: number;
  readonly brokers: 1 | 3;
  readonly recordsPerSecond: number;
  readonly sampleSeconds: number;
  /** The steepest rise of memory over the last half that passes, if the run lasts for an hour at least. */
  readonly rssMibPerHourMax: number;
  /** Folder for samples, graph and report. */
  readonly out: string;
}

export function soakOptions(env: Readonly<Record<string, string | undefined>>): SoakOptions {
  const number = (name: string, otherwise: number): number => {
    const given = env[name];
    const value = given === undefined || given === '' ? otherwise : Number(given);
    if (!(value >= 0)) throw new Error(`${name} must be a number, not ${given}`);
    return value;
  };
  return {
    hours: number('HOURS', 2),
    reloads: number('RELOADS', 200),
    brokerRestarts: number('BROKER_RESTARTS', 20),
    brokers: number('BROKERS', 3) === 1 ? 1 : 3,
    recordsPerSecond: number('RATE', 1_000),
    sampleSeconds: number('SAMPLE_SECONDS', 10),
    rssMibPerHourMax: number('RSS_MIB_PER_HOUR_MAX', 10),
    out: env['OUT'] ?? join(projectRoot, 'build', 'soak'),
  };
}
