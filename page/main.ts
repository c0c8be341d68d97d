/** The page for people: asks for the status, the log and the configuration, and shows them. */
import { showBanners } from './banners.js';
import { drawRates } from './chart.js';
import { showConfig, startConfig } from './config.js';
import { byId, setText } from './dom.js';
import { duration } from './format.js';
import { History } from './history.js';
import { showLog, startLog } from './log.js';
import { showOverview, startOverview, stateOf } from './overview.js';
import { showPartitions } from './partitions.js';
import { getStatuses, hasToken, keepToken, type Status, TokenNeeded } from './server.js';
import { showDeadLetters, showFacts, showProgress, showResults } from './tables.js';
import { startTheme } from './theme.js';
import { showTiles } from './tiles.js';

const INTERVAL_MS = 2000;

const histories = new Map<string, History>();
let statuses: readonly Status[] = [];
let chosen = decodeURIComponent(location.hash.slice(1));
let configOf = '';
let timer: ReturnType<typeof setTimeout> | undefined;

function historyOf(name: string): History {
  const history = histories.get(name) ?? new History();
  histories.set(name, history);
  return history;
}

function show(status: Status): void {
  const history = historyOf(status.name);
  const { word, level } = stateOf(status);
  setText('name', status.name);
  setText('state', word);
  byId('state').className = `badge ${level}`;
  setText('uptime', `up ${duration(status.elapsedSeconds)}`);
  // A browser can't send the token when it follows a link.
  byId('links').hidden = hasToken();
  setText('foot', `Kafka-Dispatcher ${status.version}`);
  document.title = `${word === 'running' ? '' : `${word}: `}${status.name} – Kafka-Dispatcher`;
  showBanners(status, undefined);
  showTiles(status, history);
  showProgress(status);
  drawRates(history.points);
  showPartitions(status);
  showDeadLetters(status);
  showResults(status);
  showFacts(status);
}

function showChosen(): void {
  const status = statuses.find(({ name }) => name === chosen) ?? statuses[0];
  if (status === undefined) return;
  showOverview(statuses, histories, status.name);
  show(status);
}

async function look(): Promise<void> {
  statuses = await getStatuses();
  for (const status of statuses) historyOf(status.name).add(status);
  byId('login').hidden = true;
  byId('main').hidden = false;
  byId('main').classList.remove('stale');
  showChosen();
  await showLog();
  const status = statuses.find(({ name }) => name === chosen) ?? statuses[0];
  if (status === undefined) return;
  const wanted = `${status.name} ${status.reloads.count} ${status.startedAt}`;
  if (wanted === configOf) return;
  await showConfig(status.name);
  configOf = wanted;
}

function failed(error: unknown): void {
  byId('state').className = 'badge bad';
  if (error instanceof TokenNeeded) {
    setText('state', 'locked');
    setText('name', 'Token needed');
    if (byId('login').hidden) {
      byId('login').hidden = false;
      byId('main').hidden = true;
      byId('token').focus();
    }
    setText('login-error', hasToken() ? 'That is not the token of this server.' : '');
    return;
  }
  setText('state', 'no answer');
  byId('main').hidden = false;
  byId('main').classList.add('stale');
  showBanners(undefined, `${error instanceof Error ? error.message : String(error)}. Trying again.`);
}

async function tick(): Promise<void> {
  clearTimeout(timer);
  // A page that nobody sees asks nothing.
  if (document.visibilityState !== 'hidden') await look().catch(failed);
  const isLocked = !byId('login').hidden;
  clearTimeout(timer);
  if (!isLocked) timer = setTimeout(() => void tick(), INTERVAL_MS);
}

function start(): void {
  startTheme();
  startLog();
  startConfig();
  startOverview((name) => {
    chosen = name;
    history.replaceState(null, '', `#${encodeURIComponent(name)}`);
    showChosen();
    void tick();
  });
  byId('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const input = byId('token') as HTMLInputElement;
    keepToken(input.value.trim());
    input.value = '';
    void tick();
  });
  document.addEventListener('visibilitychange', () => void tick());
  void tick();
}

start();
