import type { ClusterConfig } from '../../config/keys/resolved.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';

export const WARN_DAYS = 30;
export const LOOK_AGAIN_MS = 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

/** A certificate in the form of `/status`. */
export interface CertificateExpiry {
  /** `kafka` if consumer and producer use the same ones. */
  readonly cluster: 'kafka' | 'consumer' | 'producer';
  readonly use: 'truststore' | 'keystore';
  readonly file: string;
  readonly subject: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days, rounded down; negative when it has expired. */
  readonly daysLeft: number;
}

type Certificates = Pick<ClusterConfig, 'certificates'>;
type Clusters = { readonly consumer: Certificates; readonly producer: Certificates };

/** Every certificate of a configuration, the earliest to expire first. */
export function certificateExpiries(clusters: Clusters, now: Date): readonly CertificateExpiry[] {
  const { consumer, producer } = clusters;
  const sums = ({ certificates }: Certificates): string =>
    certificates.map(({ use, sha256 }) => `${use} ${sha256}`).join('\n');
  const sides =
    sums(consumer) === sums(producer)
      ? ([['kafka', consumer]] as const)
      : ([
          ['consumer', consumer],
          ['producer', producer],
        ] as const);
  return sides
    .flatMap(([cluster, { certificates }]) =>
      certificates.map(({ use, file, subject, notBefore, notAfter }) => ({
        cluster,
        use,
        file,
        subject,
        notBefore: notBefore.toISOString(),
        notAfter: notAfter.toISOString(),
        daysLeft: Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS),
      })),
    )
    .sort((a, b) => (a.notAfter < b.notAfter ? -1 : a.notAfter > b.notAfter ? 1 : 0));
}

interface Verdict {
  readonly level: 'error' | 'warn' | 'info';
  readonly what: string;
  /** The certificate in question. */
  readonly certificate: CertificateExpiry;
}

/**
 * One line per cluster, one per certificate at debug level. An error if connections must fail: our own
 * certificate has expired or is not valid yet, or every CA certificate has expired. If one of several CA
 * certificates has expired, only a warning: it may be unused.
 */
export function logExpiry(clusters: Clusters, now: Date, logger: Logger): void {
  const all = certificateExpiries(clusters, now);
  for (const cluster of ['kafka', 'consumer', 'producer'] as const) {
    const certificates = all.filter((certificate) => certificate.cluster === cluster);
    for (const certificate of certificates) logger.debug('certificate', { ...certificate });
    const verdict = verdictOn(certificates, now);
    if (verdict === undefined) continue;
    const { use, file, subject, notAfter, daysLeft } = verdict.certificate;
    logger[verdict.level](verdict.what, {
      cluster,
      daysLeft,
      subject,
      use,
      file,
      notAfter,
      certificates: certificates.length,
    });
  }
}

/** Sorted, the earliest first. */
function verdictOn(certificates: readonly CertificateExpiry[], now: Date): Verdict | undefined {
  const [earliest] = certificates;
  if (earliest === undefined) return undefined;
  const expired = ({ notAfter }: CertificateExpiry): boolean => Date.parse(notAfter) <= now.getTime();
  const own = certificates.filter(({ use }) => use === 'keystore');
  const anchors = certificates.filter(({ use }) => use === 'truststore');
  const ownExpired = own.find(expired);
  const ownEarly = own.find(({ notBefore }) => Date.parse(notBefore) > now.getTime());
  const lastAnchor = anchors.at(-1);
  if (ownExpired !== undefined)
    return {
      level: 'error',
      what: 'our own certificate has expired: brokers refuse it',
      certificate: ownExpired,
    };
  if (ownEarly !== undefined)
    return {
      level: 'error',
      what: 'our own certificate is not valid yet: brokers refuse it (or the clock is wrong)',
      certificate: ownEarly,
    };
  if (lastAnchor !== undefined && expired(lastAnchor))
    return {
      level: 'error',
      what: 'every certificate of the truststore has expired: no broker can be trusted',
      certificate: lastAnchor,
    };
  if (expired(earliest))
    return { level: 'warn', what: 'a certificate of the truststore has expired', certificate: earliest };
  if (earliest.daysLeft < WARN_DAYS)
    return { level: 'warn', what: 'a certificate expires soon: renew it', certificate: earliest };
  return { level: 'info', what: 'certificates', certificate: earliest };
}

/** Reports immediately, and then every day, how long the certificates in use are valid. */
export class ExpiryWatch {
  private readonly parts: { readonly logger: Logger; readonly clock: Clock; readonly now: () => Date };
  private clusters: Clusters | undefined;
  private cancel: () => void = () => undefined;

  constructor(parts: { readonly logger: Logger; readonly clock: Clock; readonly now: () => Date }) {
    this.parts = parts;
  }

  /** Sets the certificates in use. */
  watch(clusters: Clusters): void {
    this.clusters = clusters;
    this.report();
  }

  /** For `/status`. */
  expiries(): readonly CertificateExpiry[] {
    return this.clusters === undefined ? [] : certificateExpiries(this.clusters, this.parts.now());
  }

  stop(): void {
    this.cancel();
  }

  private report(): void {
    const { logger, clock, now } = this.parts;
    this.cancel();
    if (this.clusters !== undefined) logExpiry(this.clusters, now(), logger);
    this.cancel = clock.after(LOOK_AGAIN_MS, () => this.report());
  }
}
