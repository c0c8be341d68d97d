/** The jobs of the proof: one that is well, and one for each kind of trouble. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Job, type JobSpec } from '../../integration/job.js';
import { command, prepareJava } from '../../support/java/java.js';
import type { ClusterOptions, KafkaCluster, TestCluster } from '../../support/kafka-cluster.js';
import type { KdProcess } from '../../support/kd.js';
import { tlsMaterial } from '../../support/tls-material.js';

const COPY = 'export default (value) => value;';
const EXPIRING_DAYS = 3;

type Spec = Omit<JobSpec, 'cluster'>;

export const SPECS = {
  healthy: { transform: COPY, dispatcher: { 'commit-interval': '1s' } },
  /** Dead letters, and workers that end. */
  dying: {
    deadLetter: true,
    consumer: { 'auto-offset-reset': 'latest' },
    transform: `import { reject } from 'kafka-dispatcher';
      export default (value, { keyText }) => {
        if (keyText === 'exit') process.exit(3);
        return keyText === 'bad' ? reject('BAD', 'as planned') : value;
      };`,
  },
  /** Its output topic is deleted. */
  stalled: {
    transform: COPY,
    producer: {
      properties: {
        'topic.metadata.refresh.interval.ms': '1000',
        'topic.metadata.propagation.max.ms': '3000',
        'linger.ms': '100',
      },
    },
  },
  /** Slower than its input, in the main thread, and it does not commit. */
  behind: {
    transform: `export default (value) => {
        const endMs = performance.now() + 650;
        while (performance.now() < endMs);
        return value;
      };`,
    dispatcher: { threads: 0, rate: '1/s', batch: { 'records-max': 1 }, 'commit-interval': '60s' },
  },
  /** Somewhat faster than its quota. */
  throttled: {
    transform: COPY,
    consumer: { 'auto-offset-reset': 'latest' },
    dispatcher: { rate: '25/s' },
  },
  /** Is killed and started again. */
  restarting: { transform: COPY },
  /** A certificate of its truststore expires. */
  expiring: { transform: COPY },
} as const satisfies Record<string, Spec>;

const SETTINGS: Readonly<Partial<Record<JobName, readonly string[]>>> = {
  dying: ['dispatcher.dead-letter.stop-above=100%'],
};

export type JobName = keyof typeof SPECS;
export const JOBS = Object.keys(SPECS) as readonly JobName[];

export async function createJob(cluster: KafkaCluster, name: JobName): Promise<Job> {
  const given: Spec = SPECS[name];
  const secure = name === 'expiring' ? await overTls(cluster) : {};
  return Job.create({ cluster, partitions: 1, ...given, ...secure });
}

/** A cluster with a listener for {@link overTls}. */
export async function withTls(): Promise<ClusterOptions> {
  const tls = await tlsMaterial();
  return {
    brokers: 1,
    listeners: [{ name: 'TLS', protocol: 'SSL', advertisedHost: 'localhost' }],
    properties: {
      'ssl.keystore.type': 'JKS',
      'ssl.keystore.location': tls.path('server', 'jks'),
      'ssl.keystore.password': tls.password,
      'ssl.key.password': tls.password,
    },
  };
}

/** Beside the authority that is needed, its truststore has one that expires. */
async function overTls(cluster: KafkaCluster): Promise<Partial<Spec>> {
  const tls = await tlsMaterial();
  return {
    bootstrapServers: cluster.bootstrapServersOf('TLS'),
    properties: { 'security.protocol': 'ssl', 'ssl.ca.location': './authorities.pem' },
    files: { 'authorities.pem': `${tls.pem('ca').certificate}\n${expiringCertificate()}` },
  };
}

export function startJob(job: Job, name: JobName, port: number): KdProcess {
  const settings = [`server.port=${port}`, `name=${name}`, ...(SETTINGS[name] ?? [])];
  return job.spawn(['--until', 'forever', ...settings.flatMap((one) => ['--set', one])]);
}

/** A quota for what the job of this name may write. */
export async function throttle(cluster: TestCluster, name: JobName, bytesPerSecond: number): Promise<void> {
  const { classPath } = await prepareJava();
  await command('java', [
    ...['-cp', classPath, 'kafka.admin.ConfigCommand', '--bootstrap-server', cluster.bootstrapServers],
    ...['--alter', '--add-config', `producer_byte_rate=${bytesPerSecond}`],
    ...['--entity-type', 'clients', '--entity-name', name],
  ]);
}

/** A configuration that is not one any more. */
export function spoil(job: Job, kd: KdProcess): void {
  writeFileSync(join(job.folder, 'kd.yml'), '{ "kafka": { "nonsense": 1 } }');
  kd.kill('SIGHUP');
}

function expiringCertificate(): string {
  const [key, certificate] = ['key', 'crt'].map((end) => join(tmpdir(), `kd-expiring-${process.pid}.${end}`));
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=expiring'],
      ...['-days', String(EXPIRING_DAYS), '-keyout', key ?? '', '-out', certificate ?? ''],
    ],
    { stdio: 'ignore' },
  );
  return readFileSync(certificate ?? '', 'utf8');
}
