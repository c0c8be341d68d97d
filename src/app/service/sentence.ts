/** What a run does at the moment: for the service manager, and in a sentence for the people who ask it. */
import type { RunStatus } from '../../dispatcher/report.js';
import { notReady } from '../status-body.js';

export type Phase = 'starting' | 'running' | 'stalled' | 'reloading' | 'stopping';

/** What is asked of a run. */
export type ServiceStatus = Pick<
  RunStatus,
  'state' | 'membership' | 'stalled' | 'owned' | 'lag' | 'inFlightRecords'
> & { readonly records: Pick<RunStatus['records'], 'consumed'> };

export interface ServiceRun {
  readonly name: string;
  status(): ServiceStatus;
}

const PHASES: Readonly<Record<string, Phase>> = {
  idle: 'starting',
  starting: 'starting',
  reloading: 'reloading',
};

/** A member that waits for its first partitions starts; one that lost them later only stalls. */
export function phaseOf(status: ServiceStatus, hasJoined: boolean): Phase {
  if (status.state !== 'running') return PHASES[status.state] ?? 'stopping';
  if (notReady(status) === null) return 'running';
  return hasJoined || status.stalled !== undefined ? 'stalled' : 'starting';
}

export interface RunPhase {
  readonly name: string;
  readonly phase: Phase;
  readonly status: ServiceStatus;
}

/** One run: what it does. Several: how many are in which phase, and what holds up the first of them. */
export function sentenceOf(runs: readonly RunPhase[]): string {
  const [first] = runs;
  if (first === undefined) return 'ending';
  if (runs.length === 1) return describe(first);
  const counts = new Map<Phase, number>();
  for (const { phase } of runs) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  const parts = [...counts].map(([phase, count]) => `${count} ${phase}`).join(', ');
  const stalled = runs.find(({ phase }) => phase === 'stalled');
  const detail = stalled === undefined ? '' : `; ${stalled.name} ${describe(stalled)}`;
  return `${runs.length} pipelines: ${parts}${detail}`;
}

function describe({ phase, status }: RunPhase): string {
  const why = notReady(status) ?? '';
  switch (phase) {
    case 'starting':
      return status.state === 'running' ? `starting: ${why}` : 'starting: connecting to Kafka';
    case 'stalled':
      return `stalled: ${why}`;
    case 'reloading':
      return 'reloading: changing to the new configuration';
    case 'stopping':
      return `stopping: ${numbered(status.inFlightRecords, 'record')} to settle`;
    case 'running':
      return running(status);
  }
}

function running({ owned, lag, records, membership }: ServiceStatus): string {
  if (membership === 'spare') return 'running: a spare member, all partitions belong to others';
  const behind = lag === undefined ? '' : `, lag ${numbered(lag, 'record')}`;
  return `running: ${numbered(owned, 'partition')}${behind}, ${numbered(records.consumed, 'record')} read`;
}

function numbered(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
