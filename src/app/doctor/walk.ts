/**
 * The doctor's checks of a job's clusters: probes first, then admin clients. Every step has a time limit, and
 * so has the whole.
 */

import { needsIdempotentWrite } from '../../checks/brokers.js';
import { type Area, type Check, Findings, type LineOf } from '../../checks/check.js';
import { judgeClock } from '../../checks/clock.js';
import { judgeGroup } from '../../checks/group.js';
import { judgeLocal } from '../../checks/local.js';
import { judgeRights } from '../../checks/rights.js';
import { judgeTopics } from '../../checks/topics.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { ClusterAdmin, GroupDescription } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { isOneCluster, openSide } from '../compose/admins.js';
import { librdkafkaFacts } from '../compose/librdkafka.js';
import { BrokerWalk } from './broker-walk.js';
import { askForTopics, SIDES, type TopicFacts } from './cluster-facts.js';
import { askForGroup, askForTime } from './group-facts.js';
import { cores, memoryBytes, openFilesMax } from './local-facts.js';

/** For the whole walk; steps that are not finished by then are reported as skipped. */
const TOTAL_MS = 60_000;
const CONNECT_TIMEOUT_MS = 8_000;
const NOT_CONNECTED = 'no client is connected';

export interface WalkOptions {
  readonly config: ResolvedConfig;
  readonly line: LineOf;
  readonly createCommand: string;
  readonly logger: Logger;
  /** -b without a job: there is no group and no topic to check. */
  readonly job: boolean;
}

export class DoctorWalk {
  readonly checks: Check[] = [];
  readonly #options: WalkOptions;
  readonly #endMs = performance.now() + TOTAL_MS;
  readonly #admins: Partial<Record<ClientSide, ClusterAdmin>> = {};
  readonly #brokers: BrokerWalk;
  #facts: TopicFacts | undefined;
  #group: GroupDescription | undefined;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#brokers = new BrokerWalk(options.config, this.checks);
  }

  async run(): Promise<readonly Check[]> {
    const { config, job } = this.#options;
    const sides = isOneCluster(config) ? (['consumer'] as const) : SIDES;
    try {
      await this.#step('dns', 'brokers', () => Promise.all(sides.map((side) => this.#brokers.probe(side))));
      await this.#step('authentication', 'clients', async () => {
        for (const checks of await Promise.all(SIDES.map((side) => this.#connect(side))))
          this.checks.push(...checks);
      });
      await this.#step('metadata', 'topics', () => this.#askTopics());
      if (job) {
        this.#judgeTopics();
        await this.#step('group', config.consumer.groupId, () => this.#askGroup());
        this.#judgeRights();
      }
      await this.#step('clock', 'brokers', () => this.#askClock());
    } finally {
      await Promise.allSettled(Object.values(this.#admins).map((admin) => admin.close()));
    }
    this.#lookAround();
    return this.checks;
  }

  /** An error in one step is a finding, and the next step still runs. */
  async #step(area: Area, subject: string, take: () => Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), Math.max(0, this.#endMs - performance.now()));
    });
    const findings = new Findings(area, subject);
    try {
      if ((await Promise.race([take(), late])) === 'late')
        findings.skipped(`no answer within the ${TOTAL_MS / 1000} s that kd doctor may take`);
    } catch (error) {
      findings.skipped(
        `could not be checked: ${error instanceof Error ? error.message : String(error)}`,
        error instanceof DispatcherError ? (error.remedy ?? null) : null,
      );
    } finally {
      clearTimeout(timer);
    }
    this.checks.push(...findings.checks);
  }

  /** The same clients that a run would have: they also try logins that a probe can't (tokens, Kerberos). */
  async #connect(side: ClientSide): Promise<readonly Check[]> {
    const { config, logger } = this.#options;
    const findings = new Findings('authentication', `${side} client`);
    const probed = isOneCluster(config) ? 'consumer' : side;
    if (!this.#brokers.reached.has(probed)) {
      findings.skipped('no broker can be reached');
    } else if (this.#brokers.adrift.has(probed)) {
      findings.skipped('none of the addresses that the cluster advertises can be reached: see metadata');
    } else {
      try {
        this.#admins[side] = await openSide(side, { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS });
        findings.ok('connected');
      } catch (error) {
        const remedy = error instanceof DispatcherError ? error.remedy : undefined;
        findings.failed(
          error instanceof Error ? error.message : String(error),
          remedy ?? 'see the lines above',
        );
      }
    }
    return findings.checks;
  }

  async #askTopics(): Promise<void> {
    if (Object.keys(this.#admins).length === 0) return this.#skip('metadata', 'cluster', NOT_CONNECTED);
    this.#facts = await askForTopics(this.#options.config, this.#admins);
    const { clusters } = this.#facts;
    for (const side of isOneCluster(this.#options.config) ? (['consumer'] as const) : SIDES) {
      const cluster = clusters[side];
      if (cluster === undefined) continue;
      const findings = new Findings('metadata', 'cluster');
      const racks = new Set(
        cluster.nodes.map(({ rack }) => rack).filter((rack) => rack !== null && rack !== ''),
      );
      findings.ok(
        `${cluster.clusterId === null ? '' : `${cluster.clusterId}, `}${cluster.nodes.length} ` +
          `broker${cluster.nodes.length === 1 ? '' : 's'}${racks.size > 1 ? ` in ${racks.size} racks` : ''}`,
      );
      this.checks.push(...findings.checks);
      // If no probe can log in, only a client learns the addresses.
      const brokers = cluster.nodes.map(({ id, host, port }) => ({ nodeId: id, host, port }));
      await this.#brokers.probeUnlessProbed(side, 'the cluster', brokers);
    }
  }

  #judgeTopics(): void {
    const { config, line, createCommand } = this.#options;
    if (this.#facts === undefined) this.#skip('topics', 'all', NOT_CONNECTED);
    else this.checks.push(...judgeTopics({ config, ...this.#facts, line, createCommand, strict: false }));
  }

  async #askGroup(): Promise<void> {
    const { config, line } = this.#options;
    const { groupId } = config.consumer;
    const admin = this.#admins.consumer;
    if (admin === undefined) return this.#skip('group', groupId, NOT_CONNECTED);
    const facts = await askForGroup(config, admin, this.#facts);
    this.#group = facts.group;
    this.checks.push(...judgeGroup({ config, ...facts, line }));
  }

  #judgeRights(): void {
    const facts = this.#facts;
    if (facts === undefined) return this.#skip('rights', 'all', NOT_CONNECTED);
    const idempotentWriteNeeded = this.#brokers.reports.some(({ apiVersions }) =>
      needsIdempotentWrite(apiVersions),
    );
    this.checks.push(
      ...judgeRights({ ...facts, config: this.#options.config, group: this.#group, idempotentWriteNeeded }),
    );
  }

  async #askClock(): Promise<void> {
    const aheadMs = this.#brokers.reports.find((report) => report.clockAheadMs !== undefined)?.clockAheadMs;
    if (aheadMs !== undefined) {
      this.checks.push(...judgeClock({ aheadMs, writtenMs: undefined, whyNot: '', nowMs: Date.now() }));
      return;
    }
    const admin = this.#admins.consumer ?? this.#admins.producer;
    if (admin === undefined) return this.#skip('clock', 'brokers', NOT_CONNECTED);
    this.checks.push(...judgeClock({ aheadMs: undefined, ...(await askForTime(admin)), nowMs: Date.now() }));
  }

  #lookAround(): void {
    const { config, line } = this.#options;
    const brokers = Math.max(
      this.#facts?.brokerCounts.consumer ?? 0,
      this.#facts?.brokerCounts.producer ?? 0,
      config.consumer.bootstrapServers.length,
    );
    this.checks.push(
      ...judgeLocal({
        config,
        line,
        brokers,
        openFilesMax: openFilesMax(),
        memoryBytes: memoryBytes(),
        cores: cores(),
        librdkafka: librdkafkaFacts(),
        nodeVersion: process.versions.node,
      }),
    );
  }

  #skip(area: Area, subject: string, message: string): void {
    const findings = new Findings(area, subject);
    findings.skipped(message);
    this.checks.push(...findings.checks);
  }
}
