/** The rivals, and kd and the C floor doing the same jobs. */
import { join } from 'node:path';
import { projectRoot } from '../../test/support/paths.js';
import type { Contender, Job } from '../contenders.js';
import type { GoPeer, StreamsPeer } from './build.js';

/** A contender in these jobs; `id` names the program, whatever the job. */
export interface Rival extends Contender {
  readonly keepsPartition: boolean;
}

const schema = join(projectRoot, 'benchmarks', 'transforms', 'order.avsc');

type About = Pick<Contender, 'id' | 'title' | 'format' | 'exact'> & { readonly routes?: boolean };

/** Hand-written Go with one of its own jobs, on one processor. */
export function goRival(peer: GoPeer, job: string, about: About): Rival {
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

/** By default Java takes a quarter of the memory. */
const HEAP_MAX = '-Xmx512m';

/** Kafka Streams with one thread. Records without a key get the partition that Kafka's producer chooses. */
export function streamsRival(peer: StreamsPeer, job: string, about: About): Rival {
  return {
    ...about,
    listener: 'PLAIN',
    keepsPartition: false,
    command: ({ bootstrapServers, input, output, largeOutput, records, group, tls, folder }: Job) => {
      const topics = largeOutput === undefined ? output : `${output},${largeOutput}`;
      const flags = ['-job', job, '-b', bootstrapServers, '-i', input, '-o', topics, '-n', String(records)];
      const trust =
        tls === undefined ? [] : ['-truststore', tls.path('ca', 'jks'), '-password', tls.password];
      const rest = ['-g', group, '-schema', schema, '-state', join(folder, group), ...trust];
      return Promise.resolve(['java', HEAP_MAX, '-cp', peer.classPath, 'peers.Main', ...flags, ...rest]);
    },
  };
}
