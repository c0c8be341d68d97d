/** Several pipelines in one process: all at a glance, and which one the rest of the page is about. */
import { byId, make } from './dom.js';
import { count, rate } from './format.js';
import type { History } from './history.js';
import type { Status } from './server.js';

export function stateOf({ state, ready, stall }: Status): { readonly word: string; readonly level: string } {
  if (stall !== null) return { word: 'stalled', level: 'bad' };
  if (state === 'failed') return { word: 'failed', level: 'bad' };
  if (ready) return { word: state, level: 'good' };
  return { word: state === 'running' ? 'not ready' : state, level: 'warn' };
}

let pick: (name: string) => void = () => undefined;

export function startOverview(picked: (name: string) => void): void {
  pick = picked;
  const picker = byId('picker') as HTMLSelectElement;
  picker.addEventListener('change', () => pick(picker.value));
}

function rowOf(status: Status, history: History | undefined): HTMLTableRowElement {
  const { word, level } = stateOf(status);
  const button = make('button', { type: 'button' }, status.name);
  button.addEventListener('click', () => pick(status.name));
  const number = (shown: string): HTMLElement => make('td', { class: 'n' }, shown);
  const newest = history?.newest;
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, button),
    make('td', {}, make('span', { class: `badge ${level}` }, word)),
    number(newest === undefined ? '–' : rate(newest.in)),
    number(status.lag === undefined ? '–' : count(status.lag)),
    number(count(status.inFlightRecords)),
    number(count(status.records.deadLettered)),
  );
}

export function showOverview(
  statuses: readonly Status[],
  histories: ReadonlyMap<string, History>,
  chosen: string,
): void {
  const several = statuses.length > 1;
  byId('overview').hidden = !several;
  byId('picker-label').hidden = !several;
  if (!several) return;
  const picker = byId('picker') as HTMLSelectElement;
  const names = statuses.map(({ name }) => name);
  if ([...picker.options].map(({ value }) => value).join('\n') !== names.join('\n'))
    picker.replaceChildren(...names.map((name) => make('option', { value: name }, name)));
  picker.value = chosen;
  const rows = byId('overview-rows');
  const focused = [...rows.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement);
  rows.replaceChildren(...statuses.map((status) => rowOf(status, histories.get(status.name))));
  if (focused >= 0) rows.querySelectorAll('button')[focused]?.focus();
}
