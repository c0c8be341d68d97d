/** What deploy/ says, against what the program does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { createExposition } from '../../src/adapters/metrics/exposition.js';
import { familiesOf } from '../app/metrics/run-metrics.js';
import { runKd } from '../support/kd.js';
import { projectRoot } from '../support/paths.js';

const DEPLOY = join(projectRoot, 'deploy');
const text = (path: string): string => readFileSync(join(DEPLOY, path), 'utf8');

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          readonly startupProbe: Probe;
          readonly livenessProbe: Probe;
          readonly readinessProbe: Probe;
          readonly lifecycle: {
            readonly preStop: { readonly exec: { readonly command: readonly string[] } };
          };
        }[];
      };
    };
  };
}

/** The objects of the manifest, by kind. */
function manifest(): ReadonlyMap<string, unknown> {
  const documents = parseAllDocuments(text('kubernetes/kafka-dispatcher.yaml'));
  return new Map(
    documents.map((document) => {
      assert.deepEqual(document.errors, []);
      const value = document.toJS() as { readonly kind: string };
      return [value.kind, value];
    }),
  );
}

function configuration(): string {
  const { data } = manifest().get('ConfigMap') as { readonly data: Readonly<Record<string, string>> };
  return data['kd.yml'] ?? assert.fail('the ConfigMap has no kd.yml');
}

test('the configurations that are deployed are valid', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kd-deploy-'));
  writeFileSync(join(folder, 'orders.yml'), configuration());
  writeFileSync(join(folder, 'example.yml'), text('debian/example.yml'));
  for (const name of ['orders.yml', 'example.yml']) {
    const { code, stdout, stderr } = await runKd(['validate', '-c', name, '--strict'], {
      cwd: folder,
      env: { KAFKA: 'kafka:9092', HOSTNAME: 'one', KD_SERVER_TOKEN: 'f3a1'.repeat(16) },
    });
    assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
  }
  rmSync(folder, { recursive: true });
});

test("Kubernetes asks at the program's own address, and gives it time to drain", () => {
  const { spec } = (manifest().get('Deployment') as Deployment).spec.template;
  const [container] = spec.containers;
  assert.ok(container);
  const [, port] = /^server: \{ port: (\d+), address: 0\.0\.0\.0 \}$/m.exec(configuration()) ?? [];
  assert.deepEqual(container.ports, [{ name: 'http', containerPort: Number(port) }]);
  const paths = [container.startupProbe, container.livenessProbe, container.readinessProbe].map(
    ({ httpGet }) => `${httpGet.port} ${httpGet.path}`,
  );
  assert.deepEqual(paths, ['http /livez', 'http /livez', 'http /readyz']);
  const [, drain] = /drain-timeout: (\d+)s/.exec(configuration()) ?? [];
  const preStop = Number(container.lifecycle.preStop.exec.command.at(-1));
  assert.ok(spec.terminationGracePeriodSeconds >= Number(drain) + 5 + preStop);
});

test('what scales and what is sent to CloudWatch is exported', async () => {
  const exposition = await createExposition().text(familiesOf({}));
  const exported = new Set([...exposition.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const asked = ['kubernetes/keda.yaml', 'ec2/amazon-cloudwatch-agent.json'].flatMap(
    (path) => text(path).match(/\bkd_[a-z_]+/g) ?? [],
  );
  assert.ok(asked.length >= 4);
  assert.deepEqual(
    asked.filter((name) => !exported.has(name)),
    [],
  );
});

test('the health check of the image tells a process that answers from one that does not', async () => {
  const [, json] = /^HEALTHCHECK [^]*?CMD (\[.+\])$/m.exec(text('docker/Dockerfile')) ?? [];
  const [, ...args] = JSON.parse(json ?? '') as string[];
  const statuses = [200, 500];
  const server = createServer((_request, response) => {
    response.writeHead(statuses.shift() ?? 500).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const check = async (): Promise<number | null> => {
    const { spawn } = await import('node:child_process');
    const env = { ...process.env, KD_SERVER_PORT: String(address.port) };
    const child = spawn(process.execPath, args, { env, stdio: 'inherit' });
    return new Promise((resolve) => {
      child.once('exit', resolve);
    });
  };
  assert.equal(await check(), 0);
  assert.equal(await check(), 1);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  assert.equal(await check(), 1, 'nobody listens');
});

test("Terraform grants what the guide to MSK grants, and fills in all of the instances' setup", () => {
  const actions = (source: string): readonly string[] =>
    [...new Set(source.match(/kafka-cluster:[A-Za-z]+(?=")/g) ?? [])].sort();
  const guide = readFileSync(join(projectRoot, 'docs/MSK.md'), 'utf8');
  const [, policy] = /```json\n(\{\n {2}"Version"[^]*?)```/.exec(guide) ?? [];
  assert.ok(policy);
  assert.deepEqual(actions(text('terraform/rights.tf')), actions(policy));
  const places = text('ec2/user-data.sh').match(/(?<==')<<\w+>>/g) ?? [];
  const filled = text('terraform/main.tf').match(/<<\w+>>/g) ?? [];
  assert.deepEqual([...places].sort(), [...filled].sort());
});

test('the scripts of the packages are sound for their shell', () => {
  for (const [shell, path] of [
    ['bash', 'ec2/user-data.sh'],
    ['sh', 'debian/postinst'],
    ['sh', 'debian/prerm'],
    ['sh', 'debian/postrm'],
  ] as const) {
    const { status, stderr } = spawnSync(shell, ['-n', join(DEPLOY, path)], { encoding: 'utf8' });
    assert.equal(status, 0, `${path}: ${stderr}`);
  }
});
