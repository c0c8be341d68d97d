/** Reports a probe step by step: name, port, TLS, Kafka, login. */
import type { Diagnosis, ProbeReport, Stage } from '../diagnosis/types.js';
import { type Area, type Check, Findings, listed, spanOf } from './check.js';

const AREAS: Readonly<Record<Stage, Area>> = {
  dns: 'dns',
  tcp: 'tcp',
  tls: 'tls',
  kafka: 'kafka',
  sasl: 'authentication',
};
const STAGES: readonly Stage[] = ['dns', 'tcp', 'tls', 'kafka', 'sasl'];
const EXPIRY_WARNED_MS = 30 * 86_400_000;
/** Steps after a failed one are reported together, not one by one. */
const SKIPPED_MESSAGE = 'not checked, because the step before failed';
/** Our own certificates and keys are checked before anything is sent. */
const NOT_COME_TO = 'not checked, because a later step is certain to fail';

export interface ProbeSettings {
  readonly tls: boolean;
  readonly sasl: boolean;
  readonly mechanism: string;
  readonly nowMs: number;
}

/** `diagnosis`: the fault; its words may differ from the probe's. */
export function judgeProbe(
  report: ProbeReport,
  settings: ProbeSettings,
  diagnosis: Diagnosis | undefined = report.diagnosis,
): readonly Check[] {
  // A listener may require a step that is not configured (TLS, login). The walk failed there, so that stage
  // is shown.
  const asked: Partial<Record<Stage, boolean>> = { tls: settings.tls, sasl: settings.sasl };
  const stages = STAGES.filter((stage) => (asked[stage] ?? true) || stage === diagnosis?.stage);
  const failedAt = diagnosis === undefined ? stages.length : Math.max(0, stages.indexOf(diagnosis.stage));
  return stages.flatMap((stage, index) => {
    const findings = new Findings(AREAS[stage], report.broker);
    if (index < failedAt) describe(stage, report, settings, findings);
    else if (index === failedAt && diagnosis !== undefined) fail(stage, report, diagnosis, findings);
    else if (diagnosis !== undefined && index === failedAt + 1) findings.skipped(SKIPPED_MESSAGE);
    return findings.checks;
  });
}

function fail(stage: Stage, report: ProbeReport, diagnosis: Diagnosis, findings: Findings): void {
  // The subject already names the broker; repeating it makes the line longer.
  findings.failed(diagnosis.message.replace(`broker ${report.broker}: `, ''), diagnosis.remedy);
  if (stage === 'tls' && report.tls !== undefined && report.tls.chain.length > 0)
    findings.skipped(`its chain: ${chain(report)}`);
}

function describe(stage: Stage, report: ProbeReport, settings: ProbeSettings, findings: Findings): void {
  switch (stage) {
    case 'dns':
      if (report.addresses.length === 0) findings.skipped(NOT_COME_TO);
      else findings.ok(listed(report.addresses));
      return;
    case 'tcp':
      if (report.connectMs === undefined) findings.skipped(NOT_COME_TO);
      else findings.ok(`connected to ${report.address ?? '?'} in ${report.connectMs} ms`);
      return;
    case 'tls':
      describeTls(report, settings.nowMs, findings);
      return;
    case 'kafka':
      describeVersions(report, findings);
      return;
    case 'sasl':
      if (report.authenticated === true) findings.ok(`logged in with ${settings.mechanism}`);
      else findings.skipped(`${settings.mechanism} is not tested by a probe: see the clients below`);
  }
}

function describeTls(report: ProbeReport, nowMs: number, findings: Findings): void {
  const { tls } = report;
  if (tls === undefined) return;
  const ending = [...tls.chain].sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime())[0];
  const left = ending === undefined ? Number.POSITIVE_INFINITY : ending.notAfter.getTime() - nowMs;
  const said = `${tls.protocol}, ${tls.cipher}; ${chain(report)}`;
  if (ending !== undefined && left < EXPIRY_WARNED_MS)
    findings.warning(
      `${said}: ${ending.subject} ends in ${spanOf(left)}`,
      'renew it in time; MSK renews its own certificates',
    );
  else findings.ok(said);
}

/** `CN=broker (until 2027-01-31) ← CN=ca (until 2036-01-31); names a, b` */
function chain({ tls }: ProbeReport): string {
  const certificates = tls?.chain ?? [];
  const names = certificates[0]?.names ?? [];
  const links = certificates
    .map(({ subject, notAfter }) => `${subject} (until ${notAfter.toISOString().slice(0, 10)})`)
    .join(' ← ');
  return names.length === 0 ? links : `${links}; for ${listed(names)}`;
}

/** The first match counts. Request versions that were added or removed in a release. */
const RELEASES: readonly (readonly [
  release: string,
  api: number,
  versionMin: number,
  dropped?: 'dropped',
])[] = [
  ['4.1', 0, 13],
  ['4.0', 0, 3, 'dropped'],
  ['3.9', 1, 17],
  ['3.8', 0, 11],
  ['3.7', 0, 10],
  ['3.5', 1, 15],
  ['3.1', 1, 13],
  ['3.0', 2, 7],
  ['2.8', 60, 0],
  ['2.7', 1, 12],
  ['2.4', 0, 8],
  ['2.3', 1, 11],
  ['2.1', 0, 7],
  ['2.0', 1, 8],
  ['1.1', 1, 7],
  ['1.0', 0, 5],
  ['0.11', 0, 3],
];
/** Transactions and idempotence, which the producer needs. */
const OLDEST_API = [0, 3] as const;

export function oldestRelease(versions: ProbeReport['apiVersions']): string | undefined {
  return RELEASES.find(([, api, wanted, dropped]) => {
    const range = versions.get(api);
    return range !== undefined && (dropped === undefined ? range[1] >= wanted : range[0] >= wanted);
  })?.[0];
}

/** DescribeCluster was added when the right IDEMPOTENT_WRITE was removed. */
export function needsIdempotentWrite(versions: ProbeReport['apiVersions']): boolean {
  return versions.size > 0 && !versions.has(60);
}

function describeVersions({ apiVersions }: ProbeReport, findings: Findings): void {
  const release = oldestRelease(apiVersions);
  const produce = apiVersions.get(OLDEST_API[0]);
  if (produce !== undefined && produce[1] < OLDEST_API[1])
    findings.failed(
      'Kafka before 0.11: it supports neither headers nor an idempotent producer',
      'use a newer broker',
    );
  else findings.ok(release === undefined ? `speaks ${apiVersions.size} requests` : `Kafka ≥ ${release}`);
}
