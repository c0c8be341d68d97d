import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createExposition } from '../../../src/adapters/metrics/exposition.js';
import { projectRoot } from '../../support/paths.js';
import { familiesOf } from './run-metrics.js';

const PROMETHEUS = join(projectRoot, 'deploy', 'prometheus');
const RULES = join(PROMETHEUS, 'kafka-dispatcher.rules.yml');
const DASHBOARD = join(projectRoot, 'deploy', 'grafana', 'kafka-dispatcher.json');

function promtool(...args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: PROMETHEUS,
    encoding: 'utf8',
  });
  if (error !== undefined)
    throw new Error('promtool is missing: make setup-test installs it', { cause: error });
  return `${status}: ${stdout}${stderr}`;
}

/** The metrics that a file asks for, without what a histogram adds to its name. */
function namesIn(text: string): readonly string[] {
  const names = text.match(/\b(kd|process|nodejs)_[a-z0-9_]+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))];
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

test('each alert fires on its fault, and none in a healthy hour', () => {
  assert.match(promtool('check', 'rules', RULES), /^0: [^]*SUCCESS: 13 rules found/);
  assert.match(promtool('test', 'rules', 'kafka-dispatcher.rules-test.yml'), /^0: [^]*SUCCESS/);
});

test('alerts and dashboard ask only for metrics that are exported', async () => {
  const text = await createExposition().text(familiesOf({}));
  const exported = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;
  const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n');
  const rules = readFileSync(RULES, 'utf8').replaceAll(/^ *#.*$/gm, '');
  const names = namesIn(`${asked}\n${rules}`);
  assert.ok(names.length > 15);
  assert.deepEqual(
    names.filter((name) => !exported.has(name)),
    [],
  );
});

test("Prometheus understands every panel's question", () => {
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;
  const rules = dashboard.panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')),
  );
  const folder = mkdtempSync(join(tmpdir(), 'kd-panels-'));
  const check = (given: readonly string[]): string => {
    const named = given.map((expr, n) => ({ record: `panel_${n}`, expr }));
    const file = join(folder, 'panels.json');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules: named }] }));
    return promtool('check', 'rules', file);
  };
  try {
    assert.match(check(rules), new RegExp(`SUCCESS: ${rules.length} rules found`));
    assert.match(check(['rate(']), /FAILED/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
