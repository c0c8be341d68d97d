/** One watched group: what is said of it, how often, and what a missing answer changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatchedGroup } from '../../../src/app/throttle/watched-group.js';
import type { GroupOffset } from '../../../src/ports/admin.js';
import { Random } from '../../support/fakes/random.js';
import { VirtualClock } from '../../support/fakes/virtual-clock.js';
import { commit } from '../groups/fake-admin.js';
import { type Line, Lines } from '../reload/helpers.js';

const BOUND = { group: 'live', boundRecords: 1_000 };

class Scene {
  readonly clock = new VirtualClock(new Random(1));
  readonly lines = new Lines();
  read = 0;
  commits: readonly GroupOffset[] = [commit('t', 0, 0)];
  end = 0;
  fault: unknown;
  readonly group = new WatchedGroup(BOUND, {
    readRecords: () => this.read,
    logger: this.lines,
    clock: this.clock,
  });

  /** Time passes, then the group is looked at. */
  async look(afterMs = 500): Promise<void> {
    this.clock.after(afterMs, () => undefined);
    this.clock.step();
    await this.group.look({
      committedOffsets: () =>
        this.fault === undefined ? Promise.resolve(this.commits) : Promise.reject(this.fault),
      offsets: (which, places) =>
        Promise.resolve(
          places.map((place) => ({
            ...place,
            offset: which === 'earliest' ? 0 : this.end,
            timestamp: -1,
            code: 0,
            text: '',
          })),
        ),
      close: () => Promise.resolve(),
    });
  }

  get warnings(): readonly Line[] {
    return this.lines.all;
  }
}

test('a group is the same one only with the same bound', () => {
  const { group } = new Scene();
  assert.equal(group.isFor({ ...BOUND }), true);
  assert.equal(group.isFor({ ...BOUND, group: 'other' }), false);
  assert.equal(group.isFor({ ...BOUND, boundRecords: 999 }), false);
});

test('a run begins with a quarter of the bound in a second, whatever the lag may be', () => {
  const { group } = new Scene();
  assert.deepEqual([group.perSecond, group.isSlowing], [250, false]);
  assert.deepEqual(group.slowdown, { ...BOUND, lagRecords: undefined, recordsPerSecond: 250 });
});

test('a group without commits slows nothing down, and the warning says how to check its name', async () => {
  const scene = new Scene();
  scene.commits = [];
  await scene.look();
  assert.equal(scene.group.perSecond, undefined);
  const [warning] = scene.warnings;
  assert.match(warning?.message ?? '', /group live has committed no offsets, so the run is not slowed down/);
  assert.match(String(warning?.fields['remedy']), /check its name: kd group show/);
  scene.commits = [commit('t', 0, 0)];
  await scene.look();
  assert.equal(typeof scene.group.perSecond, 'number', 'it has committed now');
});

test('without an answer the rate stays, the lag is not known, and the warning names the right', async () => {
  const scene = new Scene();
  scene.end = 100;
  await scene.look();
  const { perSecond } = scene.group;
  assert.equal(scene.group.slowdown.lagRecords, 100);
  scene.fault = new Error('Group authorization failed');
  await scene.look();
  assert.deepEqual([scene.group.perSecond, scene.group.isSlowing], [perSecond, true]);
  assert.equal(scene.group.slowdown.lagRecords, undefined);
  const [warning] = scene.warnings;
  assert.match(
    warning?.message ?? '',
    /the lag of group live can't be read; until it can, at most \d+ records/,
  );
  assert.equal(warning?.fields['error'], 'Group authorization failed');
  assert.match(String(warning.fields['remedy']), /needs DESCRIBE on the group and on its topics/);
  scene.fault = undefined;
  await scene.look();
  assert.deepEqual([scene.group.isSlowing, scene.group.slowdown.lagRecords], [false, 100]);
});

test('a fault that is no error is shown as it is', async () => {
  const scene = new Scene();
  scene.fault = 'timed out';
  await scene.look();
  assert.equal(scene.warnings[0]?.fields['error'], 'timed out');
});

test('a group that was never used is not called unknown when there is no answer', async () => {
  const scene = new Scene();
  scene.commits = [];
  await scene.look();
  scene.fault = new Error('gone');
  await scene.look();
  assert.deepEqual(
    [scene.group.perSecond, scene.group.isSlowing, scene.warnings.length],
    [undefined, false, 1],
  );
});

test('a part of the lag that is not known is not counted, and is said', async () => {
  const scene = new Scene();
  scene.end = 10;
  scene.commits = [commit('t', 0, 0), commit('t', 1, -1, { code: 29, text: 'Topic authorization failed' })];
  await scene.look();
  assert.equal(scene.group.slowdown.lagRecords, 10);
  assert.match(
    scene.warnings[0]?.message ?? '',
    /part of the lag of group live is not known and is not counted/,
  );
  assert.equal(scene.warnings[0]?.fields['error'], 'Topic authorization failed');
});

test('a warning comes again after a minute, not with every look', async () => {
  const scene = new Scene();
  scene.fault = new Error('gone');
  for (let look = 0; look < 120; look++) await scene.look();
  assert.equal(scene.warnings.length, 1);
  await scene.look();
  assert.equal(scene.warnings.length, 2);
});

test('a group that does not catch up for a minute is named, with its lag and its bound', async () => {
  const scene = new Scene();
  scene.end = 5_000;
  for (let look = 0; look < 110; look++) await scene.look();
  assert.deepEqual([scene.group.perSecond, scene.warnings.length], [1, 0], 'it may still catch up');
  for (let look = 0; look < 40; look++) await scene.look();
  const [warning] = scene.warnings;
  assert.match(warning?.message ?? '', /group live is not catching up, so hardly anything is read/);
  assert.deepEqual([warning?.fields['lag'], warning?.fields['bound']], [5_000, 1_000]);
  assert.match(String(warning?.fields['remedy']), /check that it runs: kd group show/);
});

test('a group that catches up in between has a minute again', async () => {
  const scene = new Scene();
  scene.end = 5_000;
  for (let look = 0; look < 110; look++) await scene.look();
  scene.end = 0;
  for (let look = 0; look < 10; look++) await scene.look();
  scene.end = 5_000;
  for (let look = 0; look < 100; look++) await scene.look();
  assert.deepEqual(scene.warnings, []);
});

test('records that a reload takes back were not read with a negative speed', async () => {
  const [steady, taken] = [new Scene(), new Scene()];
  for (const scene of [steady, taken]) {
    scene.end = 600;
    scene.read = 1_000;
    await scene.look();
  }
  taken.read = 0;
  for (const scene of [steady, taken]) await scene.look();
  assert.equal(taken.group.perSecond, steady.group.perSecond);
  steady.read += 100;
  taken.read += 100;
  for (const scene of [steady, taken]) await scene.look();
  assert.equal(taken.group.perSecond, steady.group.perSecond, 'what is read from then on counts');
});

test('how fast the run reads is what it read since the look before, not since its start', async () => {
  const scene = new Scene();
  scene.end = 750;
  for (let look = 0; look < 40; look++) {
    scene.read += 50;
    await scene.look();
  }
  // A hundred records a second were read, and the lag then comes near its bound: a quarter of that is left.
  scene.end = 900;
  await scene.look(1_000);
  const { perSecond = 0 } = scene.group;
  assert.ok(perSecond > 10 && perSecond <= 100, `${perSecond}`);
});
