/** What needs a person: said in words, with what to do. */
import { byId, make, text } from './dom.js';
import { count, duration } from './format.js';
import type { Status } from './server.js';

interface Banner {
  readonly title: string;
  readonly details: string;
  readonly isBad: boolean;
}

const EXPIRES_SOON_DAYS = 30;

const MECHANISMS: Readonly<Record<string, string>> = {
  destination: 'Stalled: results are not accepted',
  connection: 'Stalled: Kafka is not reached',
  workers: 'Stalled: worker threads are blocked',
};

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function stallOf({ stall, ready, notReady, state }: Status): Banner[] {
  if (stall !== null)
    return [
      {
        title: MECHANISMS[stall.mechanism] ?? `Stalled: ${stall.mechanism}`,
        details: `${sentence(stall.message)}.${stall.remedy === null ? '' : ` What to do: ${stall.remedy}.`}`,
        isBad: true,
      },
    ];
  if (ready || notReady === null) return [];
  return [{ title: `Not ready (${state})`, details: `${sentence(notReady)}.`, isBad: false }];
}

function partitionsOf({ leaderless, openTransactions, slowed }: Status): Banner[] {
  const banners: Banner[] = [];
  if (leaderless.length > 0) {
    const names = leaderless.slice(0, 5).map(({ topic, partition }) => `${topic}-${partition}`);
    const more = leaderless.length > names.length ? ` and ${leaderless.length - names.length} more` : '';
    banners.push({
      title: `Stalled: ${count(leaderless.length)} partitions have no leader`,
      details: `${names.join(', ')}${more}. What to do: bring their brokers back.`,
      isBad: true,
    });
  }
  for (const { topic, partition, stableOffset, forMs } of openTransactions.slice(0, 5))
    banners.push({
      title: `Stalled: an open transaction holds back ${topic}-${partition}`,
      details:
        `Nothing from offset ${stableOffset} on can be read, for ${duration(forMs / 1000)}. ` +
        'What to do: find its producer with kafka-transactions.sh find-hanging, end it or abort it.',
      isBad: true,
    });
  if (slowed !== undefined)
    banners.push({
      title: 'Reading more slowly on purpose',
      details: `The group ${slowed.group} is near its bound of ${count(slowed.boundRecords)} records of lag.`,
      isBad: false,
    });
  return banners;
}

function othersOf({ reloads, certificates }: Status): Banner[] {
  const banners: Banner[] = [];
  if (reloads.rejected !== null)
    banners.push({
      title: 'The newest configuration was rejected; the one before it is in use',
      details: reloads.rejected,
      isBad: false,
    });
  const [first] = certificates;
  if (first !== undefined && first.daysLeft < EXPIRES_SOON_DAYS)
    banners.push({
      title: first.daysLeft < 0 ? 'A certificate has expired' : 'A certificate expires soon',
      details: `${first.subject} in ${first.file}: ${first.daysLeft} days left. What to do: renew it.`,
      isBad: first.daysLeft < 0,
    });
  return banners;
}

let shown = '';

/** Replaced only when they differ, so that they are announced once. */
export function showBanners(status: Status | undefined, problem: string | undefined): void {
  const lost = { title: 'No answer from the server', details: problem ?? '', isBad: true };
  const banners: readonly Banner[] = [
    ...(problem === undefined ? [] : [lost]),
    ...(status === undefined ? [] : [...stallOf(status), ...partitionsOf(status), ...othersOf(status)]),
  ];
  const key = JSON.stringify(banners);
  if (key === shown) return;
  shown = key;
  byId('banners').replaceChildren(
    ...banners.map(({ title, details, isBad }) =>
      make(
        'div',
        { class: isBad ? 'banner bad' : 'banner' },
        make('strong', {}, title),
        make('p', {}, text(details)),
      ),
    ),
  );
}
