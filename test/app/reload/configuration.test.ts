/** Reloading a job's real configuration from its files, without Kafka. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { JobRevisions } from '../../../src/app/reload/configuration.js';
import type { Revision } from '../../../src/app/reload/leg.js';
import { Reloader, TRIAL_AGAIN_MAX_MS } from '../../../src/app/reload/reloader.js';
import type { ResolvedConfig } from '../../../src/config/keys/resolved.js';
import { type Loaded, loadConfiguration } from '../../../src/config/load.js';
import { Lines, newClock, pass } from './helpers.js';

const TRANSFORM = `import { defineTransform } from 'kafka-dispatcher';
import { name } from './helper.ts';
export default defineTransform({ transform: () => name });
`;

class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'kd-reload-'));
  readonly lines = new Lines();
  readonly clock = newClock();
  readonly switches: string[] = [];
  readonly reloader: Reloader<ResolvedConfig>;
  readonly revisions: JobRevisions;
  private current: Revision<ResolvedConfig>;

  private constructor(config: ResolvedConfig | undefined) {
    this.configure();
    this.write('helper.ts', `export const name = 'a';`);
    this.write('transform.ts', TRANSFORM);
    const start = config ?? this.load().config;
    assert.ok(start);
    const revisions = new JobRevisions({
      config: start,
      loadAgain: () => this.load(),
      logger: this.lines,
      setLogLevels: () => undefined,
    });
    this.revisions = revisions;
    this.current = { config: start, fingerprint: '' };
    this.reloader = new Reloader({
      source: {
        load: () => revisions.load(),
        adopt: (next) => revisions.adopt(next),
        refusal: (current, next) => revisions.refusal(current, next),
        trial: () => Promise.resolve(),
      },
      logger: this.lines,
      clock: this.clock,
      current: () => this.current,
      isJoining: () => false,
      switchTo: (next) => {
        this.current = next;
        this.switches.push(next.fingerprint);
        return Promise.resolve();
      },
    });
  }

  static async create(): Promise<Scene> {
    const scene = new Scene(undefined);
    scene.current = await scene.revisions.first();
    return scene;
  }

  configure(more: object = {}): void {
    this.write(
      'kd.yml',
      JSON.stringify({
        kafka: {
          'bootstrap-servers': 'localhost:9092',
          consumer: { 'group-id': 'g', topics: 'in' },
          producer: { topic: 'out' },
        },
        dispatcher: { transform: './transform.ts', input: { format: 'json' }, output: { format: 'json' } },
        ...more,
      }),
    );
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  private load(): Loaded {
    return loadConfiguration({ environment: {}, file: 'kd.yml', workingDirectory: this.folder, options: [] });
  }

  /** Sends a signal and returns what is logged until it is answered. */
  async signal(): Promise<string> {
    const before = this.lines.all.length;
    this.reloader.request('signal');
    for (let wait = 0; wait < 300 && this.lines.all.length === before; wait++) await delay(20);
    await delay(20);
    return this.lines.all
      .slice(before)
      .map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`)
      .join('\n');
  }

  /** Lets a minute pass, and waits for what begins in it to end. */
  async aMinute(): Promise<void> {
    await pass(this.clock, TRIAL_AGAIN_MAX_MS + 1);
    await delay(500);
  }

  remove(): void {
    this.reloader.close();
    rmSync(this.folder, { recursive: true });
  }
}

test('a changed helper module of the transform counts as a changed configuration', async () => {
  const scene = await Scene.create();
  assert.match(await scene.signal(), /unchanged; nothing to do/);
  scene.write('helper.ts', `export const name = 'b';`);
  assert.match(await scene.signal(), /the configuration has changed/);
  assert.equal(scene.switches.length, 1);
  scene.remove();
});

test(
  'a faulty edit that was undone is no longer reported as ' + 'rejected, even if nobody asks again',
  async () => {
    for (const file of ['kd.yml', 'transform.ts', 'helper.ts']) {
      const scene = await Scene.create();
      scene.write(file, file === 'kd.yml' ? 'kafka: { nonsense: 1 }' : 'export default {{{');
      assert.match(await scene.signal(), /the new configuration is faulty/);
      assert.match(scene.reloader.rejected ?? '', /faulty/);
      await scene.aMinute();
      assert.match(scene.reloader.rejected ?? '', /faulty/, 'it is faulty still');
      if (file === 'kd.yml') scene.configure();
      else if (file === 'helper.ts') scene.write(file, `export const name = 'a';`);
      else scene.write(file, TRANSFORM);
      await scene.aMinute();
      assert.equal(scene.reloader.rejected, undefined, file);
      assert.deepEqual(scene.switches, []);
      const complaints = scene.lines.of('error');
      assert.equal(complaints.length, 1, complaints.join('\n'));
      scene.remove();
    }
  },
);

test(
  'a changed key that needs a restart is named in every answer ' + 'to a signal, not called unchanged',
  async () => {
    const scene = await Scene.create();
    scene.configure({ server: { port: 8123 } });
    for (let time = 0; time < 2; time++) {
      const answer = await scene.signal();
      assert.match(answer, /takes effect only at the next start .*server\.port/);
      assert.doesNotMatch(answer, /unchanged/);
    }
    scene.remove();
  },
);
