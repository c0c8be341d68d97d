/** The answers of `/readyz`, `/status` and `/metrics` about several pipelines. */
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';
import { version } from '../../version.js';
import type { Answers } from '../endpoints.js';
import type { StatusBody } from '../status-body.js';
import type { Summary } from '../summary.js';
import type { Member, MemberState } from './member.js';

/** A pipeline that does not run: the summary of its last run, and what becomes of it. */
type IdleBody = Partial<Summary> & {
  readonly schema: 1;
  readonly version: string;
  readonly name: string;
  readonly state: MemberState;
  readonly ready: false;
  readonly notReady: string;
};

export interface StatusOfAll {
  readonly schema: 1;
  readonly version: string;
  /** running: at least one of them runs or will. */
  readonly state: 'running' | 'stopped';
  readonly startedAt: string;
  readonly pipelines: readonly ((StatusBody | IdleBody) & { readonly restarts: number })[];
}

export function answersOfAll(members: () => readonly Member[], startedAt: Date): Answers {
  return {
    notReady: () => notReadyOfAll(members()),
    status: (pipeline) => statusOfAll(members(), startedAt, pipeline),
    config: () => ({
      schema: 1,
      pipelines: members().flatMap(({ pipeline }) => pipeline?.view.config() ?? []),
    }),
    metrics: () => labelled(members()),
    why: (query) => whyOfAll(members(), query),
    names: () => members().map(({ name }) => name),
  };
}

/**
 * Ready: none is starting, and at least one is ready. A pipeline that has failed or stalls is for an alert;
 * it must not take the others out of a rolling update.
 */
function notReadyOfAll(members: readonly Member[]): string | null {
  const starting = members.filter(({ state }) => state === 'starting');
  const [first] = starting;
  if (first !== undefined) return `${first.name} is starting (${starting.length} of ${members.length})`;
  const reasons = members.map((member) => reasonOf(member));
  if (reasons.some((reason) => reason === null)) return null;
  const [why] = reasons;
  return why ?? 'there is no pipeline';
}

function reasonOf(member: Member): string | null {
  const { name, pipeline, summary } = member;
  if (pipeline !== undefined) {
    const why = pipeline.answers.notReady();
    return why === null ? null : `${name}: ${why}`;
  }
  return `${name} is ${member.state}${summary === undefined ? '' : `: ${summary.reason.message}`}`;
}

function statusOfAll(
  members: readonly Member[],
  startedAt: Date,
  wanted: string | undefined,
): object | undefined {
  const sections = members.filter(({ name }) => wanted === undefined || name === wanted).map(sectionOf);
  if (wanted !== undefined) return sections[0];
  const state = members.some(({ isOver }) => !isOver) ? 'running' : 'stopped';
  const all: StatusOfAll = {
    schema: 1,
    version,
    state,
    startedAt: startedAt.toISOString(),
    pipelines: sections,
  };
  return all;
}

function sectionOf(member: Member): StatusOfAll['pipelines'][number] {
  const { name, pipeline, summary, state, restarts } = member;
  if (pipeline !== undefined) return { ...(pipeline.answers.status() as StatusBody), restarts };
  return {
    ...summary,
    schema: 1,
    version,
    name,
    state,
    ready: false,
    notReady: reasonOf(member) ?? '',
    restarts,
  };
}

/** The pipeline that has the partition, or else the first that is asked for. */
function whyOfAll(members: readonly Member[], query: URLSearchParams): ReturnType<Answers['why']> {
  const wanted = query.get('pipeline');
  const answers = members
    .filter(({ name }) => wanted === null || name === wanted)
    .flatMap(({ pipeline }) => pipeline?.answers.why(query) ?? []);
  return (
    answers.find((one) => 'trace' in one && one.trace?.owned === true) ??
    answers[0] ?? {
      error: wanted === null ? 'no pipeline runs at the moment' : `no pipeline named ${wanted} runs`,
      remedy: 'see /status for the states of the pipelines',
    }
  );
}

/** The series of all pipelines, each with the name of its pipeline. */
function labelled(members: readonly Member[]): readonly MetricFamily[] {
  const families = new Map<string, MetricFamily & { samples: MetricSample[] }>();
  for (const { name, pipeline } of members) {
    if (pipeline === undefined) continue;
    for (const family of pipeline.answers.metrics()) {
      const known = families.get(family.name) ?? { ...family, samples: [] };
      families.set(family.name, known);
      for (const sample of family.samples)
        known.samples.push({ ...sample, labels: { pipeline: name, ...sample.labels } });
    }
  }
  return [...families.values(), ...stateFamilies(members)];
}

const STATES: readonly MemberState[] = ['starting', 'running', 'waiting', 'failed', 'ended'];

function stateFamilies(members: readonly Member[]): readonly MetricFamily[] {
  return [
    {
      name: 'kd_pipeline_state',
      help: '1 for the state that a pipeline is in',
      type: 'gauge',
      samples: members.flatMap(({ name, state }) =>
        STATES.map((one) => ({ labels: { pipeline: name, state: one }, value: one === state ? 1 : 0 })),
      ),
    },
    {
      name: 'kd_pipeline_restarts_total',
      help: 'How often a pipeline was started again after it had failed',
      type: 'counter',
      samples: members.map(({ name, restarts }) => ({ labels: { pipeline: name }, value: restarts })),
    },
  ];
}
