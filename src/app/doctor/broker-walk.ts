/** The doctor's probes of brokers: those that are named, then those that the cluster advertises. */
import { judgeProbe } from '../../checks/brokers.js';
import { type Check, Findings } from '../../checks/check.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClientSide } from '../../core/client-side.js';
import { probeBroker } from '../../diagnosis/probe/probe.js';
import { diagnosis } from '../../diagnosis/said.js';
import { brokerName, connectionSettings, parseBroker } from '../../diagnosis/settings.js';
import type { AdvertisedBroker, ProbeReport } from '../../diagnosis/types.js';
import { say } from '../../diagnosis/words.js';

/** Brokers of one cluster that are probed. */
const BROKERS_MAX = 12;

export class BrokerWalk {
  /** Reports about brokers without a fault. */
  readonly reports: ProbeReport[] = [];
  /** Sides whose cluster advertises only addresses that can't be reached. */
  readonly adrift = new Set<ClientSide>();
  /** Sides with a broker that can be reached. */
  readonly reached = new Set<ClientSide>();
  readonly #config: ResolvedConfig;
  readonly #checks: Check[];
  /** Sides whose advertised addresses were checked. */
  readonly #advertised = new Set<ClientSide>();

  /** Adds its findings to `checks`. */
  constructor(config: ResolvedConfig, checks: Check[]) {
    this.#config = config;
    this.#checks = checks;
  }

  /** Probes the brokers that the configuration names, and those that the cluster advertises. */
  async probe(side: ClientSide): Promise<void> {
    const cluster = this.#config[side];
    const named = [...new Set(cluster.bootstrapServers)];
    const reports = await Promise.all(
      named.slice(0, BROKERS_MAX).map((server) => probeBroker(cluster, server, { clock: true })),
    );
    for (const report of reports) this.#judge(side, report);
    const from = reports.find(({ advertised }) => advertised !== undefined && advertised.length > 0);
    if (from?.advertised !== undefined)
      await this.#probeAdvertised(side, from.broker, from.advertised, new Set(named.map(canonical)));
    const left = named.length - BROKERS_MAX;
    if (left <= 0) return;
    const findings = new Findings('dns', `${left} more`);
    findings.skipped(`only the first ${BROKERS_MAX} brokers are checked`);
    this.#checks.push(...findings.checks);
  }

  /** If no probe can log in, only a client learns the addresses. */
  async probeUnlessProbed(
    side: ClientSide,
    from: string,
    brokers: readonly AdvertisedBroker[],
  ): Promise<void> {
    const named = new Set(this.#config[side].bootstrapServers.map(canonical));
    if (!this.#advertised.has(side)) await this.#probeAdvertised(side, from, brokers, named);
  }

  /** The addresses that the cluster advertises: clients connect to these. */
  async #probeAdvertised(
    side: ClientSide,
    from: string,
    brokers: readonly AdvertisedBroker[],
    named: ReadonlySet<string>,
  ): Promise<void> {
    this.#advertised.add(side);
    const cluster = this.#config[side];
    const names = [...new Set(brokers.map(brokerName))];
    const others = names.filter((name) => !named.has(name)).slice(0, BROKERS_MAX);
    const reports = await Promise.all(others.map((name) => probeBroker(cluster, name, { until: 'kafka' })));
    const lost: string[] = [];
    for (const report of reports) {
      const why = report.diagnosis;
      if (why === undefined || why.refused) {
        this.#judge(side, report, 'kafka');
        continue;
      }
      lost.push(report.broker);
      const reason = why.message.replace(/^broker /, '');
      const findings = new Findings('metadata', report.broker);
      const found = diagnosis(cluster, report.broker, 'advertised-unreachable', say.advertised(from, reason));
      findings.failed(found.message.replace(`broker ${report.broker}: `, ''), found.remedy);
      this.#checks.push(...findings.checks);
    }
    if (lost.length > 0 && lost.length === names.length) this.adrift.add(side);
    if (lost.length > 0) return;
    const findings = new Findings('metadata', from);
    findings.ok(
      `advertises ${names.length === 1 ? 'the address' : `${names.length} addresses, the first of them`} ` +
        `${names[0] ?? ''}${others.length > 0 ? '; all can be reached' : ''}`,
    );
    this.#checks.push(...findings.checks);
  }

  #judge(side: ClientSide, report: ProbeReport, until: 'all' | 'kafka' = 'all'): void {
    const { tls, sasl, mechanism } = connectionSettings(this.#config[side]);
    if (report.diagnosis === undefined) {
      this.reports.push(report);
      this.reached.add(side);
    }
    this.#checks.push(
      ...judgeProbe(report, { tls, sasl: sasl && until === 'all', mechanism, nowMs: Date.now() }),
    );
  }
}

function canonical(server: string): string {
  const address = parseBroker(server);
  return address === undefined ? server : brokerName(address);
}
