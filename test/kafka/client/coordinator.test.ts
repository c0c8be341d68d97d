import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askCoordinator } from '../../../src/kafka/client/coordinator.js';
import { loadNative } from '../../../src/kafka/native.js';
import { openAdmin } from '../../../src/kafka/tools/admin.js';
import { withCluster } from '../../support/kafka-cluster.js';
import { RecordingLogger } from '../support.js';

const LOADING = 14;
const NOT_COORDINATOR = 16;
const NOT_AUTHORIZED = 30;
const TIMEOUT_MS = 2_000;

const refusal = (code: number): Error => Object.assign(new Error(`code ${code}`), { code });

/** Answers with the codes, one per question; a negative one is a rejection. */
function asking(codes: readonly number[]): {
  readonly ask: () => Promise<number>;
  readonly asked: () => number;
} {
  let asked = 0;
  const ask = (): Promise<number> => {
    const code = codes[Math.min(asked++, codes.length - 1)] ?? 0;
    return code < 0 ? Promise.reject(refusal(-code)) : Promise.resolve(code);
  };
  return { ask, asked: () => asked };
}

const codeOf = (code: number): number => code;

test(
  'a coordinator that is being created or loaded is asked again, whether that is said in an ' +
    'answer or in a refusal',
  async () => {
    const { ask, asked } = asking([NOT_COORDINATOR, -LOADING, 0]);
    assert.equal(await askCoordinator(ask, { codeOf, timeoutMs: TIMEOUT_MS }), 0);
    assert.equal(asked(), 3);
  },
);

test(
  'another refusal is final, and a coordinator that never appears ' + 'is reported when the time is over',
  async () => {
    const forbidden = asking([-NOT_AUTHORIZED]);
    await assert.rejects(askCoordinator(forbidden.ask, { codeOf, timeoutMs: TIMEOUT_MS }), {
      code: NOT_AUTHORIZED,
    });
    assert.equal(forbidden.asked(), 1);
    assert.equal(
      await askCoordinator(asking([NOT_AUTHORIZED]).ask, { codeOf, timeoutMs: TIMEOUT_MS }),
      NOT_AUTHORIZED,
    );
    const never = asking([LOADING]);
    assert.equal(await askCoordinator(never.ask, { codeOf, timeoutMs: 150 }), LOADING);
    await assert.rejects(askCoordinator(asking([-LOADING]).ask, { codeOf, timeoutMs: 150 }), {
      code: LOADING,
    });
  },
);

test('the first questions that a new cluster gets about a group are answered', async () => {
  await withCluster({ brokers: 1 }, async ({ bootstrapServers }) => {
    const admin = await openAdmin({
      firstOfTime: () => Promise.resolve([]),
      role: 'consumer',
      clientId: 'first',
      cluster: { bootstrapServers: [bootstrapServers], properties: new Map() },
      native: loadNative(),
      logger: new RecordingLogger(),
      connectTimeoutMs: 20_000,
      askTimeoutMs: 20_000,
    });
    const answers = Promise.all([admin.describeGroup('orders'), admin.committedOffsets('orders')]);
    const [group, committed] = await answers.finally(() => admin.close());
    assert.ok(group.code === 0 || group.code === 69, `${group.code} ${group.text}`);
    assert.deepEqual([group.members, committed], [[], []]);
  });
});
