/** `kd group show|reset`: where a group is, and moving it. A reset is a dry run without `--execute`. */
import { type Command, Option } from 'commander';
import type { ClosableLogger } from '../../app/compose/logging.js';
import { askGroup, type GroupRequest } from '../../app/groups/group-state.js';
import { oldestUnread } from '../../app/groups/oldest-unread.js';
import { executeReset, planReset } from '../../app/groups/reset.js';
import { withAdmin } from '../../app/groups/with-admin.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import type { Position } from '../../core/positions/position.js';
import type { ClusterAdmin } from '../../ports/admin.js';

import { type CliIo, type GlobalOptions, type KafkaOptions, printJson } from '../io.js';
import { loadConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, collect, optionsOf } from '../options.js';
import { readPartitions } from '../partitions-option.js';
import { readPosition } from '../position-option.js';
import { groupJson, groupText, resetJson, resetText } from '../terminal/group-report.js';

interface GroupOptions extends GlobalOptions, KafkaOptions {
  readonly topic?: readonly string[];
}

interface ResetOptions extends GroupOptions {
  readonly to: Position;
  readonly partitions?: ReadonlySet<number>;
  readonly execute?: boolean;
}

interface Asked {
  readonly admin: ClusterAdmin;
  readonly config: ResolvedConfig;
  readonly logger: ClosableLogger;
  readonly request: GroupRequest;
}

const LOG_FLUSH_MS = 1_000;

export function register(program: Command, io: CliIo): void {
  const group = program.command('group').description('show where a consumer group is, or move it');
  const verb = (name: string, description: string): Command =>
    addKafkaOptions(
      group
        .command(name)
        .description(description)
        .argument('[group]', 'the group (default: kafka.consumer.group-id)')
        .addOption(new Option('--topic <name>', 'this topic only; may be repeated').argParser(collect)),
    );
  const show = verb(
    'show',
    'members, and for each partition the committed offset, the end and the lag',
  ).action((name: string | undefined, _options: unknown, self: Command) =>
    withGroup(name, optionsOf<GroupOptions>(self), io, (asked) => showGroup(asked, optionsOf(self), io)),
  );
  const reset = verb('reset', 'move the committed offsets; shows what it would do unless --execute is given')
    .addOption(
      new Option(
        '--to <position>',
        'earliest, latest, -2h, 2026-11-27T08:00Z, an offset, +N or -N from where the group is, ' +
          'or @offsets.json',
      )
        .argParser(readPosition)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--partitions <numbers>', 'these partitions only, such as 0-3,7').argParser(readPartitions),
    )
    .option('--execute', 'commit it; refused while the group has members')
    .action((name: string | undefined, _options: unknown, self: Command) =>
      withGroup(name, optionsOf<GroupOptions>(self), io, (asked) =>
        resetGroup(asked, optionsOf<ResetOptions>(self), io),
      ),
    );
  addExample(show, 'kd group show', 'kd group show orders-loader -b localhost:9092 -o json');
  addExample(
    reset,
    'kd group reset --to 2026-11-27',
    'kd group reset orders-loader --to -2h --partitions 0-3 --execute',
  );
  addExample(group, 'kd group show', 'kd group reset --to earliest');
}

async function withGroup(
  name: string | undefined,
  options: GroupOptions,
  io: CliIo,
  body: (asked: Asked) => Promise<void>,
): Promise<void> {
  const config = await loadConfig(options, io, { purpose: 'connection' });
  const groupId = name ?? config.consumer.groupId;
  if (groupId === '')
    throw new DispatcherError('USAGE', 'no group is named', {
      remedy: 'name it: kd group show GROUP, or a configuration with kafka.consumer.group-id',
    });
  const logger = createCliLogger({ ...config.logging, level: { root: 'error' } }, options, io);
  try {
    await withAdmin(config, logger, (admin) =>
      body({ admin, config, logger, request: { groupId, topics: options.topic } }),
    );
  } finally {
    await logger.close(LOG_FLUSH_MS);
  }
}

async function showGroup(
  { admin, config, logger, request }: Asked,
  options: GroupOptions,
  io: CliIo,
): Promise<void> {
  const state = await askGroup(admin, config, request);
  const oldest = await oldestUnread(config, logger, state.partitions);
  const nowMs = Date.now();
  if (options.output === 'json') printJson(io, groupJson(state, oldest, nowMs));
  else io.stdout.write(groupText(state, oldest, { nowMs, width: io.stdout.columns }));
}

async function resetGroup(
  { admin, config, request }: Asked,
  options: ResetOptions,
  io: CliIo,
): Promise<void> {
  const { to, partitions } = options;
  const executes = options.execute === true;
  const plan = await planReset(admin, config, { ...request, to, partitions });
  if (options.output !== 'json') io.stdout.write(resetText(plan, { width: io.stdout.columns }));
  if (executes) await executeReset(admin, request.groupId, plan);
  if (options.output === 'json') printJson(io, resetJson(request.groupId, plan, executes));
  else io.stdout.write(executes ? 'committed\n' : 'nothing was changed: add --execute to commit this\n');
}
