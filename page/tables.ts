/** Dead letters, results, and the facts of the process. */
import { byId, type Child, fill, make, setText } from './dom.js';
import { bytes, count, duration } from './format.js';
import type { Status } from './server.js';

/** The server masks what messages quote of records. Their beginning is enough to recognise a fault. */
const MESSAGE_LENGTH_MAX = 200;
const EXPIRES_SOON_DAYS = 30;

function row(title: Child, ...cells: readonly HTMLTableCellElement[]): HTMLTableRowElement {
  return make('tr', {}, make('th', { scope: 'row' }, title), ...cells);
}

function number(value: string | number): HTMLTableCellElement {
  return make('td', { class: 'n' }, value);
}

export function showDeadLetters({ deadLetteredBy, records }: Status): void {
  const codes = Object.entries(deadLetteredBy).sort(([, a], [, b]) => b.count - a.count);
  setText('dead-note', codes.length === 0 ? '' : `${count(records.deadLettered)} in ${codes.length} codes`);
  fill(
    'dead',
    [{ title: 'Code' }, { title: 'Records', numeric: true }, { title: 'The first of them' }],
    codes.map(([code, { count: times, example }]) => {
      const { message, topic, partition, offset } = example;
      const isLong = message.length > MESSAGE_LENGTH_MAX;
      return row(
        code,
        number(count(times)),
        make(
          'td',
          { class: 'msg' },
          isLong ? `${message.slice(0, MESSAGE_LENGTH_MAX)}…` : message,
          make('small', {}, `${topic} · partition ${partition} · offset ${offset}`),
        ),
      );
    }),
    'No record was rejected.',
  );
}

export function showResults({ emittedBy, filteredBy, records }: Status): void {
  const byCount = (entries: Readonly<Record<string, number>>): [string, number][] =>
    Object.entries(entries).sort(([, a], [, b]) => b - a);
  const share = (part: number): string => `${((part / Math.max(1, records.consumed)) * 100).toFixed(1)} %`;
  fill(
    'out',
    [
      { title: 'Topic or reason' },
      { title: 'What' },
      { title: 'Records', numeric: true },
      { title: 'Of all read', numeric: true },
    ],
    [
      ...byCount(emittedBy).map(([topic, sent]) =>
        row(topic, make('td', {}, 'results'), number(count(sent)), number(share(sent))),
      ),
      ...byCount(filteredBy).map(([reason, dropped]) =>
        row(reason, make('td', {}, 'filtered'), number(count(dropped)), number(share(dropped))),
      ),
    ],
    'No results yet.',
  );
}

export function showFacts(status: Status): void {
  const { reloads, records, cpu, memory, version, startedAt } = status;
  const facts: readonly (readonly [string, string])[] = [
    ['Started', `${startedAt.replace('T', ' ').slice(0, 19)} UTC, version ${version}`],
    ['Settled', settled(status)],
    ['Retried', count(records.retried)],
    ['CPU', `${cpu.microsecondsPerRecord.toFixed(2)} µs per record`],
    ['Memory', `${bytes(memory.rssBytes)}, at most ${bytes(memory.rssPeakBytes)}`],
    [
      'Reloads',
      `${count(reloads.count)}${reloads.switching ? ', one is taking effect' : ''}` +
        (reloads.rejected === null ? '' : ', the newest was rejected'),
    ],
  ];
  byId('facts').replaceChildren(
    ...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]),
  );
  fill(
    'certificates',
    [{ title: 'Certificate' }, { title: 'Use' }, { title: 'Left', numeric: true }],
    status.certificates.map(({ subject, use, file, notAfter, daysLeft }) => {
      const level = daysLeft < 0 ? 'bad' : daysLeft < EXPIRES_SOON_DAYS ? 'warn' : 'good';
      const badge = make('span', { class: `badge ${level}` }, `${count(daysLeft)} days`);
      return row(
        subject,
        make('td', { class: 'msg' }, use, make('small', {}, `${file}, until ${notAfter.slice(0, 10)}`)),
        make('td', { class: 'n' }, badge),
      );
    }),
    'No certificates in use.',
  );
}

function settled({ records }: Status): string {
  const { transformed, filtered, deadLettered, handedOver } = records;
  const parts = [`${count(transformed)} transformed`, `${count(filtered)} filtered`];
  if (deadLettered > 0) parts.push(`${count(deadLettered)} dead letters`);
  if (handedOver > 0) parts.push(`${count(handedOver)} handed over`);
  return parts.join(', ');
}

export function showProgress({ progress }: Status): void {
  const { percent, recordsDone, recordsToDo, etaSeconds, slowest } = progress;
  byId('progress').hidden = percent === null;
  if (percent === null) return;
  byId('progress-bar').setAttribute('value', String(percent));
  const left = recordsToDo === null ? '' : ` of ${count(recordsDone + recordsToDo)}`;
  const eta = etaSeconds === null ? '' : etaSeconds === 0 ? '' : `, ${duration(etaSeconds)} left`;
  const last =
    slowest === null
      ? ''
      : `. Most is left in ${slowest.topic}, partition ${slowest.partition}: ${count(slowest.toDo)} records`;
  setText('progress-text', `${percent} %: ${count(recordsDone)}${left} records${eta}${last}`);
}
