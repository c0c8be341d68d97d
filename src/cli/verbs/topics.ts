/**
 * `kd topics list|check|create`: compares the topics that the configuration needs with those that exist.
 * Creates only on request, and shows the plan first; never deletes, never alters.
 */

import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import {
  createPlanned,
  planMissing,
  refusedOf,
  requireCreated,
  type TopicPlan,
} from '../../app/topics/create.js';
import { requireNeeded, withTopics } from '../../app/topics/with-topics.js';
import { hasFailed } from '../../checks/check.js';
import { createTopicsCommand } from '../../checks/create-command.js';
import { judgeTopics } from '../../checks/topics.js';
import { ExitCode } from '../../core/errors.js';
import type { TopicResult } from '../../ports/admin.js';
import { lineOf } from '../config-lines.js';
import type { CliIo } from '../io.js';
import type { KnownTopics, TopicsOptions } from '../known-topics.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';
import { eachPipeline } from '../pipelines/each-pipeline.js';
import { countedStatuses, printChecks } from '../terminal/check-report.js';
import { printTopicList } from './topics-list.js';

const LOG_FLUSH_MS = 1_000;

export function register(program: Command, io: CliIo): void {
  const group = program.command('topics').description("list, check or create the job's topics");
  const verb = (name: string, description: string): Command =>
    addKafkaOptions(group.command(name).description(description));
  const list = verb('list', 'show the topics of the job, or with --all of the cluster')
    .option('--all', 'every topic of the cluster except internal ones')
    .action((_options: unknown, self: Command) =>
      askTopics(optionsOf<TopicsOptions>(self), io, async (known) =>
        printTopicList(known, { ...known.options, io }),
      ),
    );
  const check = verb(
    'check',
    'compare the topics with the needs of the job and the section topics; exit 6 on findings',
  ).action((_options: unknown, self: Command) =>
    askTopics(optionsOf<TopicsOptions>(self), io, async (known) => checkTopics(known, io)),
  );
  const create = verb(
    'create',
    'create missing topics: shows them, then asks; without a terminal it needs --yes (else exit 2)',
  )
    .option('-y, --yes', 'create without asking')
    .action((_options: unknown, self: Command) =>
      askTopics(optionsOf<TopicsOptions>(self), io, async (known) => createTopics(known, io)),
    );
  addExample(list, 'kd topics list -c kd.yml', 'kd topics list --all -b localhost:9092');
  addExample(check, 'kd topics check -c kd.yml -o json');
  addExample(create, 'kd topics create -c kd.yml', 'kd topics create -c kd.yml --yes');
  addExample(group, 'kd topics check -c kd.yml', 'kd topics create -c kd.yml');
}

/** Loads the configuration, asks both sides, and always disconnects. */
async function askTopics(
  options: TopicsOptions,
  io: CliIo,
  body: (known: KnownTopics) => Promise<void>,
): Promise<void> {
  await eachPipeline(options, io, { purpose: 'connection' }, async (loaded, print) => {
    const logger = createCliLogger({ ...loaded.config.logging, level: { root: 'error' } }, options, io);
    try {
      await withTopics(loaded.config, logger, (asked) => body({ ...asked, loaded, options, print }));
    } finally {
      await logger.close(LOG_FLUSH_MS);
    }
  });
}

async function checkTopics(known: KnownTopics, io: CliIo): Promise<void> {
  requireNeeded(known);
  const { config, facts, options, loaded } = known;
  const createCommand = createTopicsCommand(config.file, io.workingDirectory);
  const checks = judgeTopics({ config, ...facts, line: lineOf(loaded), createCommand, strict: true });
  const ok = !hasFailed(checks);
  if (!ok) io.setExitCode(ExitCode.checkFailed);
  if (options.output === 'json') known.print({ ok, checks });
  else {
    printChecks(checks, io);
    io.stdout.write(`${countedStatuses(checks)}\n`);
  }
  return Promise.resolve();
}

async function createTopics(known: KnownTopics, io: CliIo): Promise<void> {
  requireNeeded(known);
  const { admins, options } = known;
  const plan = await planMissing(known);
  const { planned, existing, trial } = plan;
  const refused = refusedOf(trial);
  const json = options.output === 'json';
  if (!json) printPlan(plan, io);
  const wanted = planned.length > 0 && refused.length === 0;
  const mayAsk = !json && io.stdin.isTTY === true && io.stdout.isTTY === true;
  const unasked = wanted && options.yes !== true && !mayAsk;
  const go = wanted && !unasked && (options.yes === true || (await confirmed(io)));
  const results = go ? await createPlanned(plan, admins) : [];
  const failed = go ? refusedOf(results) : refused;
  if (json)
    known.print(jsonOf({ planned, trial, results, existing, done: go, ok: failed.length === 0 && !unasked }));
  else if (go)
    for (const { name, code, text } of results)
      io.stdout.write(code === 0 ? `created ${name}\n` : `not created: ${name}: ${text}\n`);
  else if (wanted && !unasked) io.stdout.write('nothing was created\n');
  if (unasked) sayUnasked(json, io);
  requireCreated(failed);
}

/** Not thrown: with `-o json` the plan is the one document on stdout. */
function sayUnasked(json: boolean, io: CliIo): void {
  const why = json ? '-o json does not ask' : 'there is no terminal to ask on';
  io.stderr.write(`error: nothing was created: ${why}\n    → check the plan, then add --yes\n`);
  io.setExitCode(ExitCode.configuration);
}

function printPlan({ planned, existing, trial }: TopicPlan, io: CliIo): void {
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

interface Outcome extends TopicPlan {
  readonly results: readonly TopicResult[];
  readonly done: boolean;
  readonly ok: boolean;
}

function jsonOf({ planned, trial, results, existing, done, ok }: Outcome): object {
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
