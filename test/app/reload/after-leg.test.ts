import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterLeg, type LegEnd, reportOfRun } from '../../../src/app/reload/after-leg.js';
import { LEG_TRANSITIONS, LegLifecycle, type LegState } from '../../../src/app/reload/leg-lifecycle.js';
import { DispatcherError, type ErrorCode } from '../../../src/core/errors.js';
import { NOTHING } from './helpers.js';

interface Facts extends Partial<Omit<LegEnd, 'report'>> {
  readonly code?: ErrorCode;
  readonly endReached?: boolean;
  readonly hung?: boolean;
}

/** A later leg that ran, unless a case says otherwise. */
function ended({ code, endReached = false, hung = false, ...facts }: Facts): LegEnd {
  const error = code === undefined ? undefined : new DispatcherError(code, 'planted');
  const state = error === undefined ? 'stopped' : 'failed';
  return {
    report: { ...NOTHING, state, error, endReached, hung },
    ran: true,
    isFirst: false,
    stopping: false,
    reloadable: true,
    hasPending: false,
    ...facts,
  };
}

test('the step after a leg depends on how it ended and on what is pending', () => {
  const cases: readonly (readonly [Facts, ReturnType<typeof afterLeg>])[] = [
    [{}, 'over'],
    [{ hasPending: true }, 'switch'],
    [{ hasPending: true, stopping: true }, 'over'],
    [{ hasPending: true, hung: true }, 'over'],
    [{ hasPending: true, endReached: true }, 'over'],
    [{ hasPending: true, code: 'DRAIN_CUT' }, 'switch'],
    [{ hasPending: true, code: 'CORRUPT_INPUT' }, 'over'],
    [{ code: 'KAFKA_UNREACHABLE' }, 'look-for-newer'],
    [{ code: 'KAFKA_UNREACHABLE', reloadable: false }, 'over'],
    [{ code: 'KAFKA_UNREACHABLE', ran: false }, 'start-again'],
    [{ code: 'KAFKA_UNREACHABLE', ran: false, isFirst: true }, 'over'],
    [{ code: 'TRANSFORM_LOAD', ran: false }, 'start-again'],
    [{ code: 'CORRUPT_INPUT' }, 'over'],
  ];
  for (const [facts, expected] of cases)
    assert.equal(afterLeg(ended(facts)), expected, JSON.stringify(facts));
});

test('a stop between two legs is no failure; a client that hangs while being replaced is one', () => {
  const between = { code: 'KAFKA_UNREACHABLE', ran: false, stopping: true } as const;
  assert.equal(reportOfRun(ended(between)).state, 'stopped');
  assert.equal(reportOfRun(ended({ ...between, isFirst: true })).state, 'failed');
  assert.equal(reportOfRun(ended({ ...between, hung: true })).state, 'failed');
  assert.equal(reportOfRun(ended({ ...between, code: 'CORRUPT_INPUT' })).state, 'failed');
  const hung = reportOfRun(ended({ hung: true, hasPending: true }));
  assert.equal(hung.error?.code, 'DRAIN_CUT');
  assert.equal(reportOfRun(ended({ hung: true, hasPending: true, stopping: true })).error, undefined);
});

test('legs go through the states of their table; any other step is a defect and changes nothing', () => {
  const ways: Readonly<Record<LegState, readonly LegState[]>> = {
    starting: [],
    running: ['running'],
    ended: ['running', 'ended'],
    unstarted: ['unstarted'],
    over: ['unstarted', 'over'],
  };
  const states = Object.keys(LEG_TRANSITIONS) as LegState[];
  for (const from of states)
    for (const to of states) {
      const legs = new LegLifecycle();
      for (const step of ways[from]) legs.transitionTo(step);
      if (LEG_TRANSITIONS[from].includes(to)) {
        legs.transitionTo(to);
        assert.equal(legs.state, to);
      } else {
        assert.throws(() => legs.transitionTo(to), { code: 'DEFECT' });
        assert.equal(legs.state, from);
      }
    }
});
