import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Member, RESTART_MS, RESTART_MS_MAX } from '../../../src/app/pipelines/member.js';
import type { RunningPipeline } from '../../../src/app/pipelines/pipeline.js';
import type { ResolvedConfig } from '../../../src/config/keys/resolved.js';
import { Lines, newClock, pass, settle } from '../reload/helpers.js';
import { configNamed, FACTS, FakePipeline, REFUSED, UNREACHABLE } from './helpers.js';

class Scene {
  readonly clock = newClock();
  readonly logger = new Lines();
  /** When it was started. */
  readonly startsMs: number[] = [];
  readonly pipelines: FakePipeline[] = [];
  config = configNamed('one');
  /** What a start ends with; undefined: it runs. */
  fault: Error | undefined = UNREACHABLE;
  readonly member: Member;

  constructor(restarts = true) {
    const { clock, logger } = this;
    this.member = new Member({
      ...FACTS,
      name: 'one',
      prepare: (config) => this.prepare(config),
      config: () => this.config,
      restarts,
      clock,
      logger,
      changed: () => undefined,
    });
    this.member.start();
  }

  private prepare(config: ResolvedConfig): Promise<RunningPipeline> {
    this.startsMs.push(this.clock.nowMs());
    if (this.fault !== undefined) return Promise.reject(this.fault);
    const pipeline = new FakePipeline(config);
    this.pipelines.push(pipeline);
    return Promise.resolve(pipeline);
  }
}

test('a pipeline without brokers is started again, after pauses that double up to a minute', async () => {
  const scene = new Scene();
  await pass(scene.clock, 4.5 * RESTART_MS_MAX);
  assert.equal(scene.member.state, 'waiting');
  const pausesMs = scene.startsMs.slice(1).map((ms, index) => ms - (scene.startsMs[index] ?? 0));
  assert.deepEqual(pausesMs, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  assert.equal(scene.member.restarts, pausesMs.length);
  const [first] = scene.logger.all;
  assert.equal(first?.message, 'the pipeline has failed: no broker answers');
  assert.equal(first.fields['startedAgainInMs'], RESTART_MS);
});

test('after a minute of running the pauses begin with the first one', async () => {
  const scene = new Scene();
  await pass(scene.clock, 3 * RESTART_MS + 1);
  scene.fault = undefined;
  await pass(scene.clock, 4 * RESTART_MS + 1);
  assert.equal(scene.member.state, 'running');
  await pass(scene.clock, 60_000);
  const atMs = scene.clock.nowMs();
  scene.pipelines[0]?.fail(UNREACHABLE);
  await pass(scene.clock, RESTART_MS + 1);
  assert.equal(scene.startsMs.at(-1), atMs + RESTART_MS);
});

for (const [what, fault] of [
  ['is refused', REFUSED],
  ['throws what nobody expects', new Error('oops')],
] as const)
  test(`a pipeline that ${what} stays failed until its configuration changes`, async () => {
    const scene = new Scene();
    await settle();
    scene.fault = fault;
    await pass(scene.clock, RESTART_MS + 1);
    assert.equal(scene.member.state, 'failed');
    assert.ok(scene.member.isOver);
    await pass(scene.clock, 10 * RESTART_MS_MAX);
    assert.equal(scene.startsMs.length, 2);
    scene.member.reload('files', () => false);
    assert.equal(scene.startsMs.length, 2);
    scene.fault = undefined;
    scene.member.reload('files', () => true);
    await settle();
    assert.equal(scene.member.state, 'running');
    assert.equal(scene.startsMs.length, 3);
  });

test('a signal starts a pipeline that waits at once, and the pauses begin with the first one', async () => {
  const scene = new Scene();
  await pass(scene.clock, 20_000);
  const before = scene.startsMs.length;
  scene.member.reload('signal', () => false);
  await settle();
  assert.equal(scene.startsMs.length, before + 1);
  await pass(scene.clock, RESTART_MS + 1);
  assert.equal(scene.startsMs.length, before + 2, 'it is not started twice, and the pause is short');
});

test('a pipeline that runs reloads by itself; one that has ended as asked stays ended', async () => {
  const scene = new Scene();
  scene.fault = undefined;
  await pass(scene.clock, RESTART_MS + 1);
  scene.member.reload('files', () => true);
  assert.deepEqual(scene.pipelines[0]?.reloads, ['files']);
  scene.pipelines[0].stop();
  await settle();
  assert.equal(scene.member.state, 'ended');
  scene.member.reload('signal', () => true);
  await pass(scene.clock, RESTART_MS_MAX);
  assert.equal(scene.pipelines.length, 1);
});

test('a stop while it waits ends it, and leaves no timer', async () => {
  const scene = new Scene();
  await settle();
  assert.equal(scene.member.state, 'waiting');
  scene.member.stop();
  assert.ok(scene.member.isOver);
  assert.equal(scene.clock.step(), false);
});

test('a bounded run is not started again', async () => {
  const scene = new Scene(false);
  await pass(scene.clock, RESTART_MS_MAX);
  assert.equal(scene.member.state, 'failed');
  assert.equal(scene.startsMs.length, 1);
  assert.equal(scene.member.summary?.exitCode, 3);
});
