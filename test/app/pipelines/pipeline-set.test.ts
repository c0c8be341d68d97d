import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PipelineSet } from '../../../src/app/pipelines/pipeline-set.js';
import { DispatcherError } from '../../../src/core/errors.js';
import type { LogLevels } from '../../../src/core/log/areas.js';
import type { Logger } from '../../../src/ports/logger.js';
import { Lines, newClock, pass } from '../reload/helpers.js';
import { FACTS, FakePipeline, Folder } from './helpers.js';

const SETTLED_MS = 1_000;

class Log extends Lines {
  readonly levels: LogLevels[] = [];

  setLevels(levels: LogLevels): void {
    this.levels.push(levels);
  }

  with(): Logger {
    return this;
  }
}

class Scene {
  readonly clock = newClock();
  readonly logger = new Log();
  readonly folder: Folder;
  readonly pipelines: FakePipeline[] = [];
  readonly set: PipelineSet;
  unreadable: DispatcherError | undefined;
  ended = false;

  constructor(context: TestContext, ...names: readonly string[]) {
    this.folder = new Folder(...names);
    context.after(() => this.folder.end());
    const { clock, logger } = this;
    this.set = new PipelineSet({
      ...FACTS,
      first: this.folder.load(),
      load: (granted) => {
        if (this.unreadable !== undefined) throw this.unreadable;
        return this.folder.load(granted);
      },
      prepare: ({ config }) => {
        const pipeline = new FakePipeline(config);
        this.pipelines.push(pipeline);
        return Promise.resolve(pipeline);
      },
      restarts: true,
      clock,
      logger,
    });
    void this.set.run().then(() => {
      this.ended = true;
    });
  }

  async reload(): Promise<void> {
    await pass(this.clock, SETTLED_MS);
    this.set.reload('signal');
    await pass(this.clock, SETTLED_MS);
  }

  get names(): readonly string[] {
    return [...this.set.members.keys()];
  }
}

test('a reload adds and removes; the summary of the removed one is kept', async (context) => {
  const scene = new Scene(context, 'a', 'b');
  scene.folder.remove('b');
  scene.folder.write('c');
  await scene.reload();
  assert.deepEqual(scene.names, ['a', 'c']);
  assert.deepEqual(
    scene.set.removed.map(({ name, exitCode }) => [name, exitCode]),
    [['b', 0]],
  );
  assert.ok(scene.logger.of('info').includes('info the removed pipeline has ended'));
  scene.set.stop();
  await pass(scene.clock, SETTLED_MS);
  assert.ok(scene.ended);
});

test('a configuration that is faulty or away changes nothing, and says why', async (context) => {
  const scene = new Scene(context, 'a', 'b');
  scene.folder.remove('b');
  scene.folder.write('a', 'nonsense: 1\n');
  await scene.reload();
  assert.deepEqual(scene.names, ['a', 'b']);
  scene.unreadable = new DispatcherError('USAGE', 'no configuration found');
  await scene.reload();
  assert.deepEqual(scene.names, ['a', 'b']);
  const whys = scene.logger.all.filter(({ level }) => level === 'error').map(({ fields }) => fields['why']);
  assert.match(String(whys[0]), /nonsense/);
  assert.equal(whys[1], 'no configuration found');
});

test('a reload sets the levels of the log once, and pipelines see no change', async (context) => {
  const scene = new Scene(context, 'a', 'b');
  scene.folder.shared('logging: { level: debug }\n');
  await scene.reload();
  assert.deepEqual(
    scene.logger.levels.map(({ root }) => root),
    ['debug'],
  );
  scene.folder.write('c');
  await scene.reload();
  assert.equal(scene.logger.levels.length, 1);
  assert.deepEqual(
    scene.pipelines.map(({ config }) => config.logging.level.root),
    ['info', 'info', 'info'],
  );
});

test('while the shared file is faulty the levels stay, whatever the other files say', async (context) => {
  const scene = new Scene(context, 'a', 'b');
  scene.folder.shared('logging: { level: debug }\n');
  await scene.reload();
  scene.folder.shared('logging: { level: nonsense }\n');
  await scene.reload();
  assert.equal(scene.logger.levels.length, 1);
});
