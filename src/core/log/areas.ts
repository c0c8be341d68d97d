/**
 * The areas of the log: a closed list that follows the rooms of the program. Each may have a level of its
 * own.
 */

/** Area → what its lines are about, for docs. */
export const LOG_AREAS = {
  run: 'begin and end of the run, signals, progress',
  config: 'problems and notes of the configuration, schemas, certificates',
  reload: 'reloads of the configuration, and the new clients',
  kafka: 'connections, tokens, topics, quotas',
  librdkafka: "librdkafka's own lines, all of them at debug",
  group: 'the consumer group: assignments, positions, commits',
  dispatcher: 'reading, delivery, stalls, the end of a run',
  transform: "worker threads, and your function's `context.logger`",
  jobs: 'jobs, receipts, progress files, lags of other groups',
  http: 'the HTTP endpoints',
  telemetry: 'the OpenTelemetry SDK',
  process: 'warnings of Node, and text that other code writes to standard error',
} as const;

export type LogArea = keyof typeof LOG_AREAS;

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `root` holds for every area without a level of its own. */
export type LogLevels = { readonly root: LogLevel } & { readonly [Area in LogArea]?: LogLevel | undefined };

export const LOG_AREA_NAMES = Object.keys(LOG_AREAS) as readonly LogArea[];

export function levelOf(levels: LogLevels, area: LogArea | undefined): LogLevel {
  return (area === undefined ? undefined : levels[area]) ?? levels.root;
}

/** The same levels, but at least as quiet as `quietest`. */
export function quieter(levels: LogLevels, quietest: LogLevel): LogLevels {
  const most = LOG_LEVELS.indexOf(quietest);
  const clamp = (level: LogLevel): LogLevel => (LOG_LEVELS.indexOf(level) > most ? quietest : level);
  return Object.fromEntries(
    Object.entries(levels).flatMap(([area, level]) => (level === undefined ? [] : [[area, clamp(level)]])),
  ) as LogLevels;
}

export function equalLevels(a: LogLevels, b: LogLevels): boolean {
  return LOG_AREA_NAMES.every((area) => levelOf(a, area) === levelOf(b, area)) && a.root === b.root;
}
