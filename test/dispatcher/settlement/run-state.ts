/** The state of a run for one of its parts alone, in virtual time. */
import type { DispatcherError } from '../../../src/core/errors.js';
import { makeRunState, type RunState } from '../../../src/dispatcher/run-state.js';
import type { DispatcherSettings } from '../../../src/dispatcher/settings.js';
import type { Sink } from '../../../src/ports/sink.js';
import { type Line, Lines } from '../../app/reload/helpers.js';
import { Random } from '../../support/fakes/random.js';
import { VirtualClock } from '../../support/fakes/virtual-clock.js';
import {
  partition,
  ScriptedCommits,
  ScriptedPool,
  ScriptedSink,
  ScriptedSource,
  SETTINGS,
} from '../bench.js';

export interface Standing {
  readonly state: RunState;
  /** The errors that ended the run. */
  readonly failures: DispatcherError[];
  readonly lines: Lines;
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
}

export function standing(
  settings: Partial<DispatcherSettings> = {},
  refusal?: NonNullable<Sink['refusal']>,
): Standing {
  const clock = new VirtualClock(new Random(1));
  const [lines, failures] = [new Lines(), [] as DispatcherError[]];
  const sink: Sink = new ScriptedSink();
  if (refusal !== undefined) sink.refusal = refusal;
  const state = makeRunState(
    {
      source: new ScriptedSource(),
      commits: new ScriptedCommits(),
      sink,
      pool: new ScriptedPool(),
      clock,
      logger: lines,
      createBlock: (bytes, id) => ({ id, bytes: new Uint8Array(bytes) }),
      describe: partition,
    },
    { ...SETTINGS, ...settings },
    {
      fail: (error) => {
        failures.push(error);
      },
      guard: (handle) => handle(),
      rewind: () => undefined,
      stopWanted: new Promise<undefined>(() => undefined),
    },
  );
  const pass = (ms: number): void => {
    const untilMs = clock.nowMs() + ms;
    clock.after(ms, () => undefined);
    while (clock.nowMs() < untilMs && clock.step());
  };
  return { state, failures, lines, pass };
}

export const warningsOf = ({ all }: Lines): readonly Line[] => all.filter(({ level }) => level === 'warn');
