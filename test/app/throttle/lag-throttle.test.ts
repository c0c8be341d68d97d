import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LagQuestions } from '../../../src/app/throttle/group-lag.js';
import { LagThrottle } from '../../../src/app/throttle/lag-throttle.js';
import type { GroupOffset, ListedOffset, TopicPlace } from '../../../src/ports/admin.js';
import type { Logger } from '../../../src/ports/logger.js';
import { Random } from '../../support/fakes/random.js';
import { VirtualClock } from '../../support/fakes/virtual-clock.js';

const LIVE = { group: 'live', boundRecords: 1_000 };
const REFUSED = { code: 30, text: 'Group authorization failed' };

function commit(partition: number, offset: number, answer = { code: 0, text: '' }): GroupOffset {
  return { topic: 't', partition, offset, metadata: '', ...answer };
}

/** Answers as a test says. */
class Scene {
  readonly clock = new VirtualClock(new Random(1));
  readonly warnings: string[] = [];
  commits: readonly GroupOffset[] = [];
  end = 0;
  first = 0;
  endCode = 0;
  connects = true;
  opened = 0;
  closed = 0;
  asked = 0;
  read = 0;
  readonly throttle: LagThrottle;

  constructor() {
    const { clock, warnings } = this;
    const quiet = (): void => undefined;
    const warn = (message: string): void => void warnings.push(message);
    const logger: Logger = { error: warn, warn, info: quiet, debug: quiet };
    this.throttle = new LagThrottle({ clock, logger, readRecords: () => this.read });
  }

  use(...bounds: readonly (typeof LIVE)[]): void {
    this.throttle.use({ bounds, open: () => this.open() });
  }

  private open(): Promise<LagQuestions> {
    if (!this.connects) return Promise.reject(new Error('no broker'));
    this.opened += 1;
    const listed = (places: readonly TopicPlace[], offset: number): Promise<readonly ListedOffset[]> =>
      Promise.resolve(
        places.map((place) => ({ ...place, offset, timestamp: -1, code: this.endCode, text: 'no leader' })),
      );
    return Promise.resolve({
      committedOffsets: () => {
        this.asked += 1;
        return Promise.resolve(this.commits);
      },
      offsets: (which, places) => listed(places, which === 'earliest' ? this.first : this.end),
      close: () => {
        this.closed += 1;
        return Promise.resolve();
      },
    });
  }

  /** Lets time pass while the run reads as much as it may. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    this.clock.after(ms, () => undefined);
    for (;;) {
      for (let n = 0; n < 10; n += 1) await turn();
      const beforeMs = this.clock.nowMs();
      if (beforeMs >= untilMs || !this.clock.step()) return;
      const perSecond = this.throttle.recordsPerSecond() ?? 1_000;
      this.read += (perSecond * (this.clock.nowMs() - beforeMs)) / 1000;
    }
  }
}

test('without groups nothing is asked and nothing is limited', async () => {
  const scene = new Scene();
  scene.use();
  await scene.pass(5_000);
  assert.deepEqual([scene.opened, scene.throttle.recordsPerSecond()], [0, undefined]);
});

test('a lag beyond its bound lowers the rate again and again, and is shown with the rate', async () => {
  const scene = new Scene();
  scene.commits = [commit(0, 500), commit(1, 1_000)];
  scene.end = 2_000;
  scene.use(LIVE);
  await scene.pass(2_000);
  const perSecond = scene.throttle.recordsPerSecond() ?? 0;
  assert.ok(perSecond < 100, `${perSecond}/s`);
  assert.deepEqual(scene.throttle.slowdown(), {
    ...LIVE,
    lagRecords: 2_500,
    recordsPerSecond: Math.round(perSecond),
  });
  scene.commits = [commit(0, 2_000), commit(1, 2_000)];
  await scene.pass(30_000);
  assert.ok((scene.throttle.recordsPerSecond() ?? 0) > 1_000);
  assert.equal(scene.opened, 1, 'one client for the run');
  await scene.throttle.close();
  const { asked } = scene;
  await scene.pass(5_000);
  assert.deepEqual([scene.closed, scene.asked], [1, asked]);
});

test('of several groups the one that lags most decides', async () => {
  const scene = new Scene();
  scene.commits = [commit(0, 0)];
  scene.end = 5_000;
  scene.use({ group: 'other', boundRecords: 100_000 }, LIVE);
  await scene.pass(3_000);
  assert.equal(scene.throttle.slowdown()?.group, 'live');
});

test('records that retention deleted are no lag', async () => {
  const scene = new Scene();
  scene.commits = [commit(0, 0)];
  scene.first = 4_990;
  scene.end = 5_000;
  scene.use(LIVE);
  await scene.pass(3_000);
  assert.equal(scene.throttle.slowdown(), undefined);
});

test('a group without commits limits nothing, with one warning a minute', async () => {
  const scene = new Scene();
  scene.use(LIVE);
  await scene.pass(30_000);
  assert.equal(scene.throttle.recordsPerSecond(), undefined);
  assert.equal(scene.warnings.length, 1);
  assert.match(scene.warnings[0] ?? '', /group live has committed no offsets/);
});

test('a group that can no longer be asked leaves the rate as it is, and says so', async () => {
  const scene = new Scene();
  scene.commits = [commit(0, 0)];
  scene.end = 100;
  scene.use(LIVE);
  await scene.pass(5_000);
  const before = scene.throttle.recordsPerSecond();
  scene.commits = [commit(0, -1, REFUSED)];
  await scene.pass(20_000);
  assert.equal(scene.throttle.recordsPerSecond(), before);
  assert.equal(scene.throttle.slowdown()?.lagRecords, undefined);
  assert.equal(scene.warnings.length, 1);
  scene.commits = [commit(0, 0)];
  scene.endCode = 5;
  await scene.pass(60_000);
  assert.equal(scene.throttle.recordsPerSecond(), before, 'no leader');
  assert.equal(scene.warnings.length, 2);
  scene.endCode = 0;
  await scene.pass(3_000);
  assert.notEqual(scene.throttle.recordsPerSecond(), before);
});

test('a client that does not connect is tried again, and the run reads slowly meanwhile', async () => {
  const scene = new Scene();
  scene.connects = false;
  scene.commits = [commit(0, 0)];
  scene.use(LIVE);
  await scene.pass(20_000);
  assert.equal(scene.throttle.recordsPerSecond(), 250);
  assert.match(scene.warnings[0] ?? '', /lag of group live can't be read.* at most 250 records\/s/);
  scene.connects = true;
  await scene.pass(20_000);
  assert.ok((scene.throttle.recordsPerSecond() ?? 0) > 250);
});

test('a group that lags for a minute while hardly anything is read is named', async () => {
  const scene = new Scene();
  scene.commits = [commit(0, 0)];
  scene.end = 50_000;
  scene.use(LIVE);
  await scene.pass(90_000);
  assert.equal(scene.throttle.recordsPerSecond(), 1);
  assert.equal(scene.warnings.length, 1);
  assert.match(scene.warnings[0] ?? '', /group live is not catching up/);
});

test('a new configuration connects again, and a group with the same bound keeps its rate', async () => {
  const scene = new Scene();
  scene.commits = [commit(0, 0)];
  scene.end = 50_000;
  scene.use(LIVE);
  await scene.pass(5_000);
  const before = scene.throttle.recordsPerSecond();
  scene.use(LIVE, { group: 'other', boundRecords: 1_000_000 });
  assert.equal(scene.throttle.recordsPerSecond(), before);
  await scene.pass(1_000);
  assert.deepEqual([scene.opened, scene.closed], [2, 1]);
  scene.use();
  await scene.pass(1_000);
  assert.deepEqual([scene.closed, scene.throttle.recordsPerSecond()], [2, undefined]);
});
