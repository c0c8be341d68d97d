import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopicIdentities } from '../../../src/kafka/client/topic-identity.js';
import { OffsetOrigins } from '../../../src/kafka/commits/offset-origins.js';

const PLACE = { topic: 't', partition: 3 };

interface World {
  readonly metadata?: string;
  readonly topicId?: string;
  readonly refusals?: ReadonlyMap<string, number>;
}

function originsOf({ metadata = '', topicId, refusals }: World): {
  origins: OffsetOrigins;
  stored: unknown[];
} {
  const stored: unknown[] = [];
  const send = (_handleId: number, topic: string, text: string, places: Float64Array): number => {
    stored.push([topic, text, ...places]);
    return refusals?.get(topic) ?? 0;
  };
  const native = {
    askBrokers: () => Promise.resolve([{ ...PLACE, offset: 5, code: 0, text: '', metadata }] as never),
    clusterId: () => 'here',
    commitOffsets: send,
    storeOffsets: send,
    errorName: (code: number) => ({ name: String(code), text: `error ${code}` }),
  };
  const logger = { debug: () => undefined };
  const parts = { native, handleId: 1, topicId: () => topicId, logger };
  return { origins: new OffsetOrigins(parts), stored };
}

test('offsets are stored topic by topic, each with the cluster and the id of its topic', () => {
  const { origins, stored } = originsOf({ topicId: 'new' });
  origins.offsetsStore([
    { topic: 't', partition: 0, offset: 5 },
    { topic: 'u', partition: 0, offset: 6 },
    { topic: 't', partition: 1, offset: 7 },
  ]);
  assert.deepEqual(stored, [
    ['t', 'kd cluster=here topic-id=new', 0, 5, 1, 7],
    ['u', 'kd cluster=here topic-id=new', 0, 6],
  ]);
});

test('while the id of a topic is not known, its offsets are stored without an origin', () => {
  const { origins, stored } = originsOf({});
  origins.offsetsStore([{ ...PLACE, offset: 5 }]);
  assert.deepEqual(stored, [['t', '', 3, 5]]);
});

test('a store fails with the code of librdkafka only when none of the topics is taken', () => {
  const offsets = [
    { topic: 't', partition: 0, offset: 5 },
    { topic: 'u', partition: 0, offset: 6 },
  ];
  originsOf({ refusals: new Map([['t', -172]]) }).origins.offsetsStore(offsets);
  const both = new Map([
    ['t', -172],
    ['u', -172],
  ]);
  assert.throws(() => originsOf({ refusals: both }).origins.offsetsStore(offsets), { code: -172 });
});

test('only an offset of another id in this very cluster is one of an older topic', async () => {
  const foreign = async (metadata: string, topicId?: string): Promise<boolean> =>
    (await originsOf({ metadata, ...(topicId === undefined ? {} : { topicId }) }).origins.foreign([PLACE], 1))
      .length === 1;
  assert.equal(await foreign('kd cluster=here topic-id=old', 'new'), true);
  assert.equal(await foreign('kd cluster=here topic-id=new', 'new'), false);
  assert.equal(await foreign('kd cluster=elsewhere topic-id=old', 'new'), false, 'mirrored offsets');
  assert.equal(await foreign('', 'new'), false, 'committed by another client, or reset');
  assert.equal(await foreign('something else', 'new'), false);
  assert.equal(await foreign('kd cluster=here topic-id=old'), false, 'a broker that tells no ids');
});

test('a broker that lags behind and names the old id once more is not believed', async () => {
  const answers = ['A+/A', 'BBBB', 'A+/A', 'BBBB'];
  const native = {
    askBrokers: () => Promise.resolve([{ name: 't', code: 0, topicId: answers.shift() }] as never),
  };
  const quiet = () => undefined;
  const identities = new TopicIdentities(native, { error: quiet, warn: quiet, info: quiet, debug: quiet });
  const replaced = [];
  while (answers.length > 0) replaced.push(...(await identities.replaced(1, ['t'])));
  assert.deepEqual(replaced, [{ name: 't', oldId: 'A-_A', newId: 'BBBB' }]);
  assert.equal(identities.idOf('t'), 'BBBB');
});
