/** The rivals, and kd and the C floor doing the same jobs. */
import { join } from 'node:path';
import { projectRoot } from '../../test/support/paths.js';
import type { Contender, Job } from '../contenders.js';
import type { GoPeer } from './build.js';

/** A contender of the jobs here: `id` is that of the program, whatever the job. */
export interface Rival extends Contender {
  readonly keepsPartition: boolean;
}

const schema = join(projectRoot, 'benchmarks', 'transforms', 'order.avsc');

/** Hand-written Go with one of its own jobs, on one processor. */
export function goRival(
  peer: GoPeer,
  job: string,
  about: Pick<Contender, 'id' | 'title' | 'format' | 'exact'> & { readonly routes?: boolean },
): Rival {
  return {
    ...about,
    listener: 'PLAIN',
    keepsPartition: true,
    command: ({ bootstrapServers, input, output, largeOutput, records, group, tls }: Job) => {
      const topics = largeOutput === undefined ? output : `${output},${largeOutput}`;
      const flags = ['-job', job, '-b', bootstrapServers, '-i', input, '-o', topics, '-n', String(records)];
      const security = tls === undefined ? [] : ['-ca', tls.path('ca', 'pem')];
      const rest = ['-g', group, '-schema', schema, ...security];
      return Promise.resolve(['env', 'GOMAXPROCS=1', peer.program, ...flags, ...rest]);
    },
  };
}
