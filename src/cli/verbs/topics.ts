/**
 * `kd topics list|check|create`: compares the topics that the configuration needs with those that exist.
 * Creates only on request, and shows the plan first; never deletes, never alters.
 */

import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { type Admins, askForTopics, SIDES, type TopicFacts } from '../../app/doctor/cluster-facts.js';
import { openSide } from '../../app/doctor/open-admins.js';
import { hasFailed } from '../../checks/check.js';
import { createTopicsCommand } from '../../checks/create-command.js';
import { isThere, keyOf, type PlannedTopic, planTopics } from '../../checks/topic-plan.js';
import { judgeTopics } from '../../checks/topics.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError, ExitCode } from '../../core/errors.js';
import type { ClusterAdmin, TopicResult } from '../../ports/admin.js';
import { lineOf } from '../config-lines.js';
import { type CliIo, printJson } from '../io.js';
import type { KnownTopics, TopicsOptions } from '../known-topics.js';
import { loadConfigWithDetails } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';
import { countedStatuses, printChecks } from '../terminal/check-report.js';
import { printTopicList } from './topics-list.js';

const CONNECT_TIMEOUT_MS = 15_000;
const LOG_FLUSH_MS = 1_000;

export function register(program: Command, io: CliIo): void {
  const group = program.command('topics').description("list, check or create the job's topics");
  const verb = (name: string, description: string): Command =>
    addKafkaOptions(group.command(name).description(description));
  const list = verb('list', 'show the topics of the job, or with --all of the cluster')
    .option('--all', 'every topic of the cluster except internal ones')
    .action((_options: unknown, self: Command) =>
      withTopics(optionsOf<TopicsOptions>(self), io, async (known) =>
        printTopicList(known, { ...known.options, io }),
      ),
    );
  const check = verb(
    'check',
    'compare the topics with the needs of the job and the section topics; exit 6 on findings',
  ).action((_options: unknown, self: Command) =>
    withTopics(optionsOf<TopicsOptions>(self), io, async (known) => checkTopics(known, io)),
  );
  const create = verb(
    'create',
    'create missing topics: shows them, then asks; without a terminal it needs --yes (else exit 2)',
  )
    .option('-y, --yes', 'create without asking')
    .action((_options: unknown, self: Command) =>
      withTopics(optionsOf<TopicsOptions>(self), io, async (known) => createTopics(known, io)),
    );
  addExample(list, 'kd topics list -c kd.yml', 'kd topics list --all -b localhost:9092');
  addExample(check, 'kd topics check -c kd.yml -o json');
  addExample(create, 'kd topics create -c kd.yml', 'kd topics create -c kd.yml --yes');
  addExample(group, 'kd topics check -c kd.yml', 'kd topics create -c kd.yml');
}

/** Connects both sides, asks, and always disconnects. */
async function withTopics(
  options: TopicsOptions,
  io: CliIo,
  body: (known: KnownTopics) => Promise<void>,
): Promise<void> {
  const loaded = await loadConfigWithDetails(options, io, { purpose: 'connection' });
  const { config } = loaded;
  const logger = createCliLogger({ ...config.logging, level: 'error' }, options, io);
  const admins: Partial<Record<ClientSide, ClusterAdmin>> = {};
  try {
    // Waits for both, so that one that connected is closed even if the other failed.
    const opened = await Promise.allSettled(
      SIDES.map(
        async (side) =>
          (admins[side] = await openSide(side, { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS })),
      ),
    );
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await body({ config, loaded, options, admins, facts: await asked(config, admins) });
  } finally {
    await Promise.allSettled(Object.values(admins).map((admin) => admin.close()));
    await logger.close(LOG_FLUSH_MS);
  }
}

async function asked(config: ResolvedConfig, admins: Admins): Promise<TopicFacts> {
  try {
    return await askForTopics(config, admins);
  } catch (cause) {
    if (cause instanceof DispatcherError) throw cause;
    throw new DispatcherError(
      'KAFKA_UNREACHABLE',
      `Kafka did not answer for the topics: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: 'see kd doctor for what can be reached',
        cause,
      },
    );
  }
}

function requireNeeded({ facts, config }: KnownTopics): void {
  if (facts.needed.length > 0 || 'pattern' in config.consumer.topics) return;
  throw new DispatcherError('USAGE', 'the configuration names no topic', {
    remedy: 'name a configuration with -c FILE, or list all with kd topics list --all',
  });
}

async function checkTopics(known: KnownTopics, io: CliIo): Promise<void> {
  requireNeeded(known);
  const { config, facts, options, loaded } = known;
  const createCommand = createTopicsCommand(config.file, io.workingDirectory);
  const checks = judgeTopics({ config, ...facts, line: lineOf(loaded), createCommand, strict: true });
  const ok = !hasFailed(checks);
  if (options.output === 'json') printJson(io, { ok, checks });
  else {
    printChecks(checks, io);
    io.stdout.write(`${countedStatuses(checks)}\n`);
  }
  if (!ok) io.setExitCode(ExitCode.checkFailed);
  return Promise.resolve();
}

async function createTopics(known: KnownTopics, io: CliIo): Promise<void> {
  requireNeeded(known);
  const { config, facts, admins, options } = known;
  const planned = planTopics(config, facts.needed, facts.found, facts.brokerCounts);
  const trial = await createOnEach(planned, admins, true);
  const refused = trial.filter(({ code }) => code !== 0);
  const json = options.output === 'json';
  const existing = facts.needed
    .filter((topic) => isThere(facts.found.get(keyOf(topic))))
    .map(({ name }) => name);
  if (!json) printPlan(planned, { existing, trial }, io);
  const wanted = planned.length > 0 && refused.length === 0;
  const mayAsk = !json && io.stdin.isTTY === true && io.stdout.isTTY === true;
  const unasked = wanted && options.yes !== true && !mayAsk;
  const go = wanted && !unasked && (options.yes === true || (await confirmed(io)));
  const results = go ? await createOnEach(planned, admins, false) : [];
  const failed = go ? results.filter(({ code }) => code !== 0) : refused;
  if (json)
    printJson(
      io,
      jsonOf({ planned, trial, results, existing, done: go, ok: failed.length === 0 && !unasked }),
    );
  else if (go)
    for (const { name, code, text } of results)
      io.stdout.write(code === 0 ? `created ${name}\n` : `not created: ${name}: ${text}\n`);
  else if (wanted && !unasked) io.stdout.write('nothing was created\n');
  if (unasked) sayUnasked(json, io);
  if (failed.length === 0) return;
  throw new DispatcherError(
    isRight(failed) ? 'KAFKA_REFUSED' : 'CONFIGURATION',
    `Kafka refuses to create ${failed.map(({ name, text }) => `${name} (${text})`).join(', ')}`,
    {
      remedy: isRight(failed)
        ? 'grant this user CREATE on the cluster or on these topics'
        : 'correct the section topics of the configuration',
    },
  );
}

/** Not thrown: with `-o json` the plan is the one document on stdout. */
function sayUnasked(json: boolean, io: CliIo): void {
  const why = json ? '-o json does not ask' : 'there is no terminal to ask on';
  io.stderr.write(`error: nothing was created: ${why}\n    → check the plan, then add --yes\n`);
  io.setExitCode(ExitCode.configuration);
}

/** TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED */
function isRight(results: readonly TopicResult[]): boolean {
  return results.every(({ code }) => code === 29 || code === 31);
}

/** validateOnly: the brokers validate the request, but create nothing. */
async function createOnEach(
  planned: readonly PlannedTopic[],
  admins: Admins,
  validateOnly: boolean,
): Promise<readonly TopicResult[]> {
  const results = await Promise.all(
    SIDES.map(async (side) => {
      const ofSide = planned.filter(({ needed }) => needed.side === side);
      return ofSide.length === 0 ? [] : ((await admins[side]?.createTopics(ofSide, { validateOnly })) ?? []);
    }),
  );
  return results.flat();
}

function printPlan(
  planned: readonly PlannedTopic[],
  { existing, trial }: { existing: readonly string[]; trial: readonly TopicResult[] },
  io: CliIo,
): void {
  for (const name of existing) io.stdout.write(`exists  ${name}\n`);
  for (const { name, partitions, replication, configs, needed, reason } of planned) {
    const settings =
      configs.size === 0 ? '' : `, ${[...configs].map(([key, value]) => `${key}=${value}`).join(', ')}`;
    io.stdout.write(
      `create  ${name}  (${needed.role})  ${partitions} partitions, replication ${replication}${settings}\n`,
    );
    io.stdout.write(`        ${reason}\n`);
    const refusal = trial.find((result) => result.name === name && result.code !== 0);
    if (refusal !== undefined) io.stdout.write(`        Kafka would refuse it: ${refusal.text}\n`);
  }
}

async function confirmed(io: CliIo): Promise<boolean> {
  const lines = createInterface({ input: io.stdin, output: io.stdout });
  try {
    return /^\s*(y|yes)\s*$/i.test(await lines.question('create them? [y/N] '));
  } finally {
    lines.close();
  }
}

interface Outcome {
  readonly planned: readonly PlannedTopic[];
  readonly trial: readonly TopicResult[];
  readonly results: readonly TopicResult[];
  readonly existing: readonly string[];
  readonly done: boolean;
  readonly ok: boolean;
}

function jsonOf({ planned, trial, results, existing, done, ok }: Outcome): unknown {
  return {
    ok,
    done,
    existing,
    topics: planned.map(({ name, partitions, replication, configs, needed }) => {
      const result = [...results, ...trial].find((one) => one.name === name);
      const error = result === undefined || result.code === 0 ? null : result.text;
      return {
        name,
        role: needed.role,
        partitions,
        replication,
        configs: Object.fromEntries(configs),
        created: done && error === null,
        error,
      };
    }),
  };
}
