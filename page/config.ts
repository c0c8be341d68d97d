/** The configuration in use: every value and where it comes from; secrets arrive masked. */
import { byId, fill, make, setText } from './dom.js';
import { type ConfigBody, getConfig } from './server.js';

let body: ConfigBody | undefined;
let shownName = '';

function shownValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(shownValue).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function show(): void {
  const one = body?.pipelines.find(({ name }) => name === shownName) ?? body?.pipelines[0];
  const wanted = (byId('config-filter') as HTMLInputElement).value.trim().toLowerCase();
  setText('config-file', one?.file ?? '');
  const entries = (one?.entries ?? []).filter(({ key, value, origin }) =>
    `${key} ${shownValue(value)} ${origin}`.toLowerCase().includes(wanted),
  );
  fill(
    'config',
    [{ title: 'Key' }, { title: 'Value' }, { title: 'From' }],
    entries.map(({ key, value, origin }) =>
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, key),
        make('td', {}, shownValue(value)),
        make('td', { class: 'quiet' }, origin),
      ),
    ),
    wanted === '' ? 'Not known for this run.' : 'Nothing matches.',
  );
}

export async function showConfig(name: string): Promise<void> {
  shownName = name;
  body = await getConfig();
  show();
}

export function startConfig(): void {
  byId('config-filter').addEventListener('input', show);
}
