import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { DispatcherError, ExitCode, worstOf } from '../../src/core/errors.js';
import {
  codeNamed,
  consumerFault,
  consumerFaultName,
  deliveryFaultName,
  deliveryVerdict,
  isRefusal,
} from '../../src/kafka/codes.js';

/** Names and numbers as librdkafka itself declares them. */
function declaredCodes(): Map<number, string> {
  const root = dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'));
  const header = readFileSync(join(root, 'deps/librdkafka/src/rdkafka.h'), 'utf8');
  const codes = new Map<number, string>();
  for (const [, name, number] of header.matchAll(/^ {8}RD_KAFKA_RESP_ERR_(\w+) = (-?\d+),/gm))
    codes.set(Number(number), name ?? '');
  return codes;
}

test("every error code in our table has librdkafka's own name and number", () => {
  const declared = declaredCodes();
  assert(declared.size > 100);
  let named = 0;
  for (let code = -250; code <= 250; code += 1) {
    for (const name of [deliveryFaultName(code), consumerFaultName(code)]) {
      if (name === `ERROR_${code}`) continue;
      assert.equal(name, declared.get(code));
      named += 1;
    }
  }
  assert(named > 100);
});

test('a record is blamed only if the broker named it or the writer refused it', () => {
  const fault = (code: number, named = false): string => deliveryVerdict(code, named).fault;
  for (const own of [-10_003, -10_004]) assert.equal(fault(own), 'record');
  for (const byWords of [32, 87]) {
    assert.equal(fault(byWords, true), 'record');
    assert.equal(fault(byWords), 'message-set');
  }
  for (const size of [4, 10, 18]) assert.equal(fault(size, true), 'message-set');
  assert.equal(fault(-138), 'bystander');
  for (const away of [3, 6, -195, -192, -190, -188]) assert.equal(fault(away, true), 'destination');
  assert.equal(fault(29), 'refused');
  for (const over of [-150, -144, 47]) assert.equal(fault(over), 'fatal');
  for (const [name, code] of [
    ['TOPIC_AUTHORIZATION_FAILED', 29],
    ['_BAD_MSG', -199],
    ['ERROR_77', 77],
  ] as const)
    assert.equal(codeNamed(name), code);
});

test('an unknown code never drops or dead-letters anything', () => {
  assert.equal(deliveryVerdict(12_345, true).fault, 'destination');
  assert.equal(deliveryFaultName(12_345), 'ERROR_12345');
  assert.equal(consumerFault(12_345), 'transient');
  assert.equal(isRefusal(29), true);
  assert.equal(isRefusal(3), false);
});

test('damage closes a partition, a vanished offset is out of range, lost rights are refused', () => {
  for (const damage of [-199, -198, -170, 10]) assert.equal(consumerFault(damage), 'closing');
  for (const gone of [-140, -139, 1]) assert.equal(consumerFault(gone), 'out-of-range');
  assert.equal(consumerFault(29), 'refused');
  assert.equal(consumerFault(-195), 'transient');
});

test('of several errors the one with the highest precedence is reported', () => {
  const order = [
    'DEFECT',
    'CONFIGURATION',
    'KAFKA_REFUSED',
    'KAFKA_UNREACHABLE',
    'CORRUPT_INPUT',
    'CHECK_FAILED',
    'DRAIN_CUT',
    'STOPPED_BEFORE_END',
  ] as const;
  assert.deepEqual(
    order.map((code) => new DispatcherError(code, '').exitCode),
    [1, 2, 8, 3, 5, 6, 4, 7],
  );
  const errors = order.map((code) => new DispatcherError(code, 'x'));
  errors.forEach((_, i) => assert.equal(worstOf(errors.slice(i).reverse())?.code, order[i]));
  assert.equal(worstOf([]), undefined);
  assert.equal(new DispatcherError('DRAIN_CUT', 'x', { cause: 'y' }).cause, 'y');
  assert.equal(ExitCode.done, 0);
});
