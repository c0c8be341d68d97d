/** Why a cluster can't be reached: at most one diagnosis per broker. */

import { ProbeLimits } from './limits.js';
import { type BrokerLine, brokerLine, faultOfLine } from './log-lines.js';
import { probeBroker } from './probe/probe.js';
import { diagnosis } from './said.js';
import { brokerName, connectionSettings, parseBroker } from './settings.js';
import { tlsMaterial } from './tls-material.js';
import type { AdvertisedBroker, DiagnosedCluster, Diagnosis, Evidence, ProbeReport } from './types.js';
import { say } from './words.js';

/**
 * Probes the bootstrap servers, and the addresses that they advertise. A broker without a diagnosis has no
 * fault that a probe can see.
 */
export async function diagnose(
  cluster: DiagnosedCluster,
  evidence: Evidence = {},
): Promise<readonly Diagnosis[]> {
  const said = lineFaults(cluster, evidence.lines ?? []);
  const token = evidence.token?.();
  const servers = [...new Set(cluster.bootstrapServers)].slice(0, ProbeLimits.brokersMax);
  const reports = await Promise.all(
    servers.map(async (server): Promise<ProbeReport> => {
      const report = await probeBroker(cluster, server, { token });
      // A failed login that librdkafka reports counts as much as one of a probe.
      return { ...report, diagnosis: report.diagnosis ?? said.get(report.broker) };
    }),
  );
  const found = reports.flatMap((report) => report.diagnosis ?? []);
  if (found.length === reports.length) return found;
  const advertised = reports.find(
    (report) => report.diagnosis === undefined && report.advertised !== undefined,
  );
  if (advertised?.advertised === undefined) return [...found, ...beyond(said, found)];
  return [...found, ...(await diagnoseAdvertised(cluster, advertised.broker, advertised.advertised))];
}

/**
 * Checks the addresses that a broker advertises. If one of them is a configured server, names and
 * certificates are fine, and only the connection to the others is tested. One diagnosis each:
 * `advertised-unreachable`, or the fault of a broker that answers.
 */
export async function diagnoseAdvertised(
  cluster: DiagnosedCluster,
  from: string,
  brokers: readonly AdvertisedBroker[],
): Promise<readonly Diagnosis[]> {
  const named = new Set(cluster.bootstrapServers.map(canonical));
  const others = brokers.map(brokerName).filter((name) => !named.has(name));
  const until = others.length < brokers.length ? 'tcp' : 'kafka';
  const reports = await Promise.all(
    [...new Set(others)]
      .slice(0, ProbeLimits.brokersMax)
      .map((name) => probeBroker(cluster, name, { until })),
  );
  return reports.flatMap(({ broker, diagnosis: why }) => {
    if (why === undefined) return [];
    if (why.refused) return [why];
    const reason = why.message.replace(/^broker /, '');
    return [diagnosis(cluster, broker, 'advertised-unreachable', say.advertised(from, reason))];
  });
}

/**
 * The fault of our own certificates and keys, before anything is sent; undefined when they are usable or TLS
 * is not used.
 */
export function materialDiagnosis(cluster: DiagnosedCluster): Diagnosis | undefined {
  if (!connectionSettings(cluster).tls) return undefined;
  const { fault } = tlsMaterial(cluster);
  if (fault === undefined) return undefined;
  return diagnosis(
    cluster,
    cluster.bootstrapServers.join(','),
    fault.fault,
    say.material(fault.what, fault.property),
  );
}

function canonical(server: string): string {
  const address = parseBroker(server);
  return address === undefined ? server : brokerName(address);
}

function lineFaults(cluster: DiagnosedCluster, lines: readonly string[]): ReadonlyMap<string, Diagnosis> {
  const settings = connectionSettings(cluster);
  const read = lines.map(brokerLine).filter((line): line is BrokerLine => line !== undefined);
  const faults = read.flatMap((line) => faultOfLine(cluster, settings, line) ?? []);
  return new Map(faults.map((fault) => [fault.broker, fault]));
}

/** Faults of brokers that are not in the configuration and could not be probed. */
function beyond(said: ReadonlyMap<string, Diagnosis>, found: readonly Diagnosis[]): readonly Diagnosis[] {
  return [...said.values()].filter(({ broker }) => !found.some((known) => known.broker === broker));
}
