/** A real Prometheus with the shipped alert rules, in which a minute has become a second. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../integration/waiting.js';
import { freePorts } from '../../support/free-ports.js';
import { projectRoot } from '../../support/paths.js';

const RULES = join(projectRoot, 'deploy', 'prometheus', 'kafka-dispatcher.rules.yml');
const LOOK_INTERVAL_MS = 500;
const SAID_CHARACTERS = 4_000;

interface Alert {
  readonly state: 'pending' | 'firing';
  readonly labels: { readonly alertname: string; readonly job: string };
}

/** Hours become minutes, and minutes seconds; all else is as shipped. */
export function hurriedRules(): { readonly text: string; readonly names: readonly string[] } {
  const shipped = readFileSync(RULES, 'utf8').replaceAll(/^ *#.*$/gm, '');
  const text = shipped
    .replaceAll(/\b(\d+)m\b/g, '$1s')
    .replaceAll(/\b(\d+)h\b/g, '$1m')
    .replaceAll(/\b(\d+) \* 60\b/g, '$1 * 1');
  const names = [...text.matchAll(/^ *- alert: (\w+)$/gm)].map(([, name = '']) => name);
  return { text, names };
}

/** Alerts that were seen to fire, as `job alert`. */
export class Prometheus {
  readonly fired = new Set<string>();
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #url: string;
  #said = '';
  #over = false;
  #looking: Promise<void> = Promise.resolve();

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_CHARACTERS);
    });
  }

  /** `targets`: the port of each job. */
  static async start(targets: Readonly<Record<string, number>>): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'kd-prometheus-'));
    const file = join(folder, 'prometheus.yml');
    writeFileSync(join(folder, 'rules.yml'), hurriedRules().text);
    writeFileSync(file, JSON.stringify(configuration(targets)));
    const [port = 0] = await freePorts(1);
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ];
    const child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    const prometheus = new Prometheus(child, folder, `http://127.0.0.1:${port}`);
    await Promise.race([failed, prometheus.#ready()]);
    prometheus.#looking = prometheus.#look();
    return prometheus;
  }

  async firing(job: string, alert: string, timeoutMs: number): Promise<void> {
    await eventually(`${alert} of ${job}`, () => this.fired.has(`${job} ${alert}`), timeoutMs);
  }

  async stop(): Promise<void> {
    this.#over = true;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await Promise.all([this.#looking, ended]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const isReady = (): Promise<boolean> =>
      fetch(`${this.#url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await eventually('Prometheus is ready', isReady).catch((cause: unknown) => {
      throw new Error(`Prometheus did not start: ${this.#said}`, { cause });
    });
    const rules = await (await fetch(`${this.#url}/api/v1/rules`)).text();
    for (const name of hurriedRules().names) assert.ok(rules.includes(name), `${name} was loaded`);
  }

  async #look(): Promise<void> {
    while (!this.#over) {
      const answer = await fetch(`${this.#url}/api/v1/alerts`).catch(() => undefined);
      const { data } = ((await answer?.json()) ?? { data: { alerts: [] } }) as {
        readonly data: { readonly alerts: readonly Alert[] };
      };
      for (const { state, labels } of data.alerts)
        if (state === 'firing') this.fired.add(`${labels.job} ${labels.alertname}`);
      await sleep(LOOK_INTERVAL_MS);
    }
  }
}

function configuration(targets: Readonly<Record<string, number>>): object {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: Object.entries(targets).map(([name, port]) => ({
      job_name: name,
      static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { instance: name } }],
    })),
  };
}
