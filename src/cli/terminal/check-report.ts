/** Checks for people: by area, the status first, each remedy below its check. */
import type { Check, Status } from '../../checks/check.js';
import { visible } from '../../core/visible.js';
import { type CliIo, colorsFor } from '../io.js';
import { wrap } from './table.js';

const WIDTH_MAX = 140;
const INDENT = 2;
const STATUS_WIDTH = 'warning'.length;
/** Columns for the subject; a longer one gets its own line. */
const SUBJECT_SHARE = 0.3;
const STATUSES: readonly Status[] = ['ok', 'warning', 'failed', 'skipped'];

/** Subjects and messages may quote what a broker sent. */
function shown({ subject, message, remedy, ...rest }: Check): Check {
  return {
    ...rest,
    subject: visible(subject),
    message: visible(message),
    remedy: remedy === null ? null : visible(remedy),
  };
}

export function printChecks(given: readonly Check[], io: CliIo): void {
  const checks = given.map(shown);
  const color = colorsFor(io.stdout, io.env);
  const width = Math.min(io.stdout.columns ?? WIDTH_MAX, WIDTH_MAX);
  const paints = { ok: color.green, warning: color.yellow, failed: color.red, skipped: color.dim };
  const subjectMax = Math.floor(width * SUBJECT_SHARE);
  const subjectWidth = Math.max(
    ...checks.map(({ subject }) => (subject.length > subjectMax ? 0 : subject.length)),
    8,
  );
  const before = INDENT + STATUS_WIDTH + 2 + subjectWidth + 2;
  for (const [area, ofArea] of byArea(checks)) {
    io.stdout.write(`${color.bold(area)}\n`);
    for (const { status, subject, message, remedy } of ofArea) {
      const head =
        `${' '.repeat(INDENT)}${paints[status](status.padEnd(STATUS_WIDTH))}  ` +
        `${subject.padEnd(subjectWidth)}`;
      const said = wrap(message, width - before);
      if (subject.length > subjectWidth) io.stdout.write(`${head}\n`);
      for (const [index, line] of said.entries()) {
        io.stdout.write(
          index === 0 && subject.length <= subjectWidth
            ? `${head}  ${line}\n`
            : `${' '.repeat(before)}${line}\n`,
        );
      }
      for (const [index, line] of (remedy === null ? [] : wrap(remedy, width - before - 2)).entries()) {
        io.stdout.write(`${' '.repeat(before)}${index === 0 ? color.cyan('→') : ' '} ${line}\n`);
      }
    }
  }
}

/** `12 ok, 1 warning, 2 failed` */
export function countedStatuses(checks: readonly Check[]): string {
  return STATUSES.map((status) => ({
    status,
    count: checks.filter((check) => check.status === status).length,
  }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}${status === 'warning' && count > 1 ? 's' : ''}`)
    .join(', ');
}

function byArea(checks: readonly Check[]): ReadonlyMap<string, readonly Check[]> {
  const areas = new Map<string, Check[]>();
  for (const check of checks) areas.set(check.area, [...(areas.get(check.area) ?? []), check]);
  return areas;
}
