/** The tail of the log. */
import { byId, make, setText, text } from './dom.js';
import { getLogs, type LogLine } from './server.js';

/** Lines in the page; the server keeps more or fewer. */
const LINES_MAX = 500;

let after = 0;

function fieldsOf(line: LogLine['line']): string {
  const { time: _time, level: _level, message: _message, ...fields } = line;
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}

function itemOf({ line }: LogLine): HTMLLIElement {
  const known = ['error', 'warn', 'info', 'debug'].includes(line.level) ? line.level : 'info';
  return make(
    'li',
    { class: known },
    make('span', { class: 'time' }, line.time.slice(11, 19)),
    ' ',
    make('span', { class: 'lv' }, known),
    ' ',
    text(line.message),
    make('span', { class: 'f' }, text(fieldsOf(line))),
  );
}

export async function showLog(): Promise<void> {
  const page = await getLogs(after);
  const list = byId('log');
  // The process was started again.
  if (page.newest < after) list.replaceChildren();
  after = page.newest;
  setText('log-note', page.oldest > 1 ? `older lines than number ${page.oldest} are gone` : '');
  if (page.lines.length === 0) return;
  list.append(...page.lines.slice(-LINES_MAX).map(itemOf));
  while (list.childElementCount > LINES_MAX) list.firstElementChild?.remove();
  if ((byId('log-follow') as HTMLInputElement).checked) {
    const box = byId('log-box');
    box.scrollTop = box.scrollHeight;
  }
}

export function startLog(): void {
  const level = byId('log-level') as HTMLSelectElement;
  const apply = (): void => {
    byId('log').dataset['min'] = level.value;
  };
  level.addEventListener('change', apply);
  apply();
}
