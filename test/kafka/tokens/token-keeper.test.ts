import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { DispatcherError } from '../../../src/core/errors.js';
import { DispatcherError as Failure } from '../../../src/core/errors.js';
import { TokenKeeper } from '../../../src/kafka/tokens/token-keeper.js';
import { Random } from '../../support/fakes/random.js';
import { VirtualClock } from '../../support/fakes/virtual-clock.js';
import { RecordingLogger } from '../support.js';

const WALL_MS = Date.UTC(2026, 0, 1);
const LIFE_MS = 900_000;
const still = new AbortController().signal;

type Answer = (nowMs: number, signal: AbortSignal) => unknown;

/** A keeper in virtual time, over a provider that gives the first answers in turn and then `then` forever. */
class Bench {
  readonly clock = new VirtualClock(new Random(1));
  readonly logger = new RecordingLogger();
  readonly askedAtMs: number[] = [];
  readonly given: string[] = [];
  readonly lost: DispatcherError[] = [];
  readonly #answers: Answer[];
  readonly #then: Answer;

  constructor(then: Answer, answers: readonly Answer[] = []) {
    this.#then = then;
    this.#answers = [...answers];
  }

  open(random = 0): Promise<TokenKeeper> {
    return TokenKeeper.open({
      role: 'consumer',
      provider: { name: 'issuer', ask: (signal) => this.#ask(signal) },
      logger: this.logger,
      clock: this.clock,
      wallMs: () => WALL_MS + this.clock.nowMs(),
      random: () => random,
      lost: (error) => this.lost.push(error),
    });
  }

  /** Runs events until none is left or the time is reached. */
  async runTo(endMs: number): Promise<void> {
    for (;;) {
      await settled();
      if (this.clock.nowMs() >= endMs || !this.clock.step()) return;
    }
  }

  async #ask(signal: AbortSignal): Promise<unknown> {
    this.askedAtMs.push(this.clock.nowMs());
    return (this.#answers.shift() ?? this.#then)(this.clock.nowMs(), signal);
  }
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
}

const fresh: Answer = (nowMs) => ({ token: `t${nowMs}`, expiryTime: WALL_MS + nowMs + LIFE_MS });
const unreachable: Answer = () => {
  throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
};
const denied: Answer = () => {
  throw new Error('not authorized to assume the role');
};

/** The attempt runs in virtual time. */
async function openFailure(bench: Bench): Promise<Failure> {
  let failure: unknown;
  const opening = bench.open().catch((error: unknown) => {
    failure = error;
  });
  await bench.runTo(60_000);
  await opening;
  assert.ok(failure instanceof Failure);
  return failure;
}

test('a token is renewed at 80 % of its life, repeatedly, and each new one is passed on', async () => {
  const bench = new Bench(fresh);
  const keeper = await bench.open();
  keeper.serve((token) => bench.given.push(token));
  await bench.runTo(3 * LIFE_MS);
  assert.deepEqual(bench.askedAtMs, [0, 720_000, 1_440_000, 2_160_000, 2_880_000]);
  assert.deepEqual(
    bench.given,
    bench.askedAtMs.map((atMs) => `t${atMs}`),
  );
  assert.deepEqual(bench.lost, []);
  keeper.stop();
});

test('processes that start together do not renew together: up to 5 % of the life earlier', async () => {
  const bench = new Bench(fresh);
  const keeper = await bench.open(0.999);
  await bench.runTo(700_000);
  const second = bench.askedAtMs[1] ?? 0;
  assert.ok(second >= 675_000 && second < 720_000, String(second));
  keeper.stop();
});

test(
  'a failed renewal is logged and retried while the old token ' + 'lives, and forgotten once it succeeds',
  async () => {
    const bench = new Bench(fresh, [fresh, unreachable, denied, fresh]);
    const keeper = await bench.open();
    keeper.serve((token) => bench.given.push(token));
    await bench.runTo(780_000);
    assert.deepEqual(bench.askedAtMs.slice(0, 4), [0, 720_000, 750_000, 780_000]);
    assert.deepEqual(bench.given, ['t0', 't780000']);
    const warnings = bench.logger.entries.filter(({ level }) => level === 'warn');
    assert.equal(warnings.length, 2);
    assert.match(warnings[0]?.message ?? '', /no token from issuer: connect ECONNREFUSED/);
    assert.deepEqual(warnings[0]?.fields, { validForMs: 180_000, nextTryMs: 30_000 });
    keeper.stop();
  },
);

test(
  'when the last token has expired without a new one, the run reports it once with the last ' +
    'reason, and stops asking',
  async () => {
    const bench = new Bench(unreachable, [fresh]);
    await bench.open();
    await bench.runTo(10 * LIFE_MS);
    assert.equal(bench.lost.length, 1);
    const [error] = bench.lost;
    assert.equal(error?.code, 'KAFKA_UNREACHABLE');
    assert.match(
      String(error),
      /token of the consumer has expired, and \d+ attempts at a new one failed: .*ECONNREFUSED/,
    );
    const last = bench.askedAtMs.at(-1) ?? 0;
    assert.ok(
      last >= LIFE_MS && last < LIFE_MS + 1_000,
      `the last attempt comes when the token ends: ${last}`,
    );
    assert.ok(bench.askedAtMs.length < 30, `${bench.askedAtMs.length} attempts`);
  },
);

test('once stopped, it neither asks for nor passes on tokens, even one already on its way', async () => {
  let answer: ((value: unknown) => void) | undefined;
  const late: Answer = () => new Promise((resolve) => (answer = resolve));
  const bench = new Bench(fresh, [fresh, late]);
  const keeper = await bench.open();
  keeper.serve((token) => bench.given.push(token));
  await bench.runTo(720_000);
  keeper.stop();
  answer?.(fresh(720_000, still));
  await bench.runTo(LIFE_MS * 2);
  assert.deepEqual(bench.given, ['t0']);
  assert.deepEqual(bench.lost, []);
});

test('a first token that fails transiently is requested three times, then exit 3', async () => {
  const bench = new Bench(unreachable);
  const error = await openFailure(bench);
  assert.equal(error.exitCode, 3);
  assert.equal(bench.askedAtMs.length, 3);
});

test('a first token that is refused means exit 8, with the words of the refusal', async () => {
  const error = await openFailure(new Bench(denied));
  assert.equal(error.exitCode, 8);
  assert.match(error.message, /not authorized to assume the role/);
});

test('a first token at the second attempt is accepted', async () => {
  const bench = new Bench(fresh, [unreachable]);
  const opening = bench.open();
  await bench.runTo(250);
  const keeper = await opening;
  assert.equal(keeper.token, 't250');
  keeper.stop();
});

test('a provider that never answers is given up after 8 s: exit 3', async () => {
  const bench = new Bench(() => new Promise(() => undefined));
  const error = await openFailure(bench);
  assert.equal(error.exitCode, 3);
  assert.match(error.message, /gave no token within 8000 ms/);
  assert.equal(bench.clock.nowMs(), 8_000);
});

const WRONG: readonly (readonly [what: string, answer: unknown, says: RegExp])[] = [
  ['nothing', undefined, /`token` is not a text/],
  ['a token alone', 'eyJ0', /`token` is not a text/],
  ['an empty token', { token: '', expiryTime: WALL_MS + LIFE_MS }, /`token` is not a text/],
  ['a token with a line break', { token: 'ey\nJ0', expiryTime: WALL_MS + LIFE_MS }, /line break/],
  [
    'a token without end',
    { token: 'x'.repeat(100_000), expiryTime: WALL_MS + LIFE_MS },
    /more than 60000 characters/,
  ],
  ['no expiry', { token: 'eyJ0' }, /`expiryTime` is not a number/],
  ['a date', { token: 'eyJ0', expiryTime: new Date(WALL_MS + LIFE_MS) }, /`expiryTime` is not a number/],
  ['seconds', { token: 'eyJ0', expiryTime: (WALL_MS + LIFE_MS) / 1000 }, /in seconds/],
  ['an expired token', { token: 'eyJ0', expiryTime: WALL_MS - 5_000 }, /expired 5000 ms ago/],
];

for (const [what, answer, says] of WRONG) {
  test(`a provider that returns ${what} is refused without showing the token: exit 8`, async () => {
    const bench = new Bench(() => answer);
    const error = await openFailure(bench);
    assert.equal(error.exitCode, 8);
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /eyJ0|ey\n|xxx/);
    assert.equal(bench.askedAtMs.length, 1);
  });
}

/** Never answers, and records the signal of each request. */
function silent(signals: AbortSignal[]): Answer {
  return (_nowMs, signal) => {
    signals.push(signal);
    return new Promise(() => undefined);
  };
}

test('a pending request is aborted when the client closes, and nothing is left to wait for', async () => {
  const signals: AbortSignal[] = [];
  const bench = new Bench(silent(signals), [fresh]);
  const keeper = await bench.open();
  await bench.runTo(720_000);
  assert.deepEqual(bench.askedAtMs, [0, 720_000]);
  assert.equal(signals[0]?.aborted, false);
  keeper.stop();
  await settled();
  assert.equal(signals[0].aborted, true);
  assert.equal(bench.clock.step(), false, 'no timer holds up the end');
  assert.deepEqual(
    bench.logger.entries.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  );
  assert.deepEqual(bench.lost, []);
});

test(
  'a request that takes too long is aborted, and the timeout is the logged reason, whatever the ' +
    'provider throws then',
  async () => {
    const signals: AbortSignal[] = [];
    const heeding: Answer = (_nowMs, signal) =>
      new Promise((_resolve, reject) => {
        signals.push(signal);
        signal.addEventListener('abort', () => reject(new Error('this operation was aborted')));
      });
    const bench = new Bench(fresh, [fresh, heeding]);
    const keeper = await bench.open();
    await bench.runTo(800_000);
    assert.equal(signals[0]?.aborted, true);
    const warnings = bench.logger.entries
      .filter(({ level }) => level === 'warn')
      .map(({ message }) => message);
    assert.match(warnings.join(), /^kafka consumer: issuer gave no token within 10000 ms; trying again$/);
    keeper.stop();
  },
);
