/** What a settled record became: searched for in the dead-letter topic, then in the output topics. */
import type { Position } from '../../core/positions/position.js';
import { withSide } from '../groups/with-admin.js';
import type { FoundDeadLetter, FoundResult, WhyState } from './answer.js';
import { findDeadLetter, type Search } from './find-dead-letter.js';
import { findResults } from './find-results.js';
import type { WhyRequest } from './request.js';
import type { SourceRecord } from './scan.js';
import type { Known, Standing } from './state.js';
import { deadLetterWords, resultWords, type Said } from './words.js';

export interface Outcome extends Said {
  readonly state: WhyState;
  readonly results: readonly FoundResult[];
  /** All topics were searched to their ends. */
  readonly isComplete: boolean;
  readonly deadLetter?: FoundDeadLetter;
  readonly filteredBy?: string | undefined;
}

interface Sought {
  readonly request: WhyRequest;
  readonly known: Known;
  readonly standing: Standing;
  readonly record: SourceRecord | undefined;
  readonly from: Position;
}

const TOPICS_MAX = 20;
/** A record that is gone may have been settled before. */
const SEARCHED: ReadonlySet<WhyState> = new Set(['settled', 'gone']);

export async function outcomeOf(sought: Sought): Promise<Outcome> {
  const { request, known, standing, record, from } = sought;
  const nothing = { results: [], isComplete: false } as const;
  if (!SEARCHED.has(standing.state)) return { ...standing, ...nothing };
  const { config, logger, budget, place } = request;
  const { receipt } = known;
  if (receipt?.isFiltered === true && !receipt.isOtherTopic)
    return { ...nothing, ...filtered(standing, receipt.reason, 'by the receipt'), isComplete: true };
  const search: Search = { config, logger, budget, from };
  const letters = await deadLetterOf(sought, search);
  if (letters.found !== undefined) {
    const { sentences, remedy = '' } = deadLetterWords(letters.found);
    const said = [...standing.sentences, ...sentences];
    return { state: 'dead-letter', ...nothing, deadLetter: letters.found, sentences: said, remedy };
  }
  const results: FoundResult[] = [];
  let isComplete = letters.isComplete;
  const runs = receipt === undefined || receipt.isOtherTopic ? [] : receipt.runs;
  for (const topic of outputTopics(sought)) {
    const searched = await findResults(search, topic, { ...place, record }, runs);
    results.push(...searched.found);
    isComplete &&= searched.isComplete;
  }
  if (results.length > 0)
    return {
      state: 'settled',
      results,
      isComplete,
      sentences: [...standing.sentences, resultWords(results, isComplete)],
    };
  return { ...nothing, isComplete, ...withoutResult(sought, isComplete) };
}

async function deadLetterOf({ request }: Sought, search: Search) {
  const { config, logger, place } = request;
  const topic = config.dispatcher.deadLetterTopic;
  if (topic === undefined) return { found: undefined, isComplete: true };
  const [described] = await withSide('producer', config, logger, (admin) => admin.describeTopics([topic]));
  const count = described?.code === 0 ? described.partitions.length : 0;
  if (count === 0) return { found: undefined, isComplete: true };
  return findDeadLetter(search, topic, place, count);
}

/** Those that are configured, that the running job has written to, and that the receipt lists. */
function outputTopics({ request, known }: Sought): readonly string[] {
  const { config } = request;
  const { producer, dispatcher, topics } = config;
  const named = [
    ...(producer.topic === undefined ? [] : [producer.topic]),
    ...(known.running?.outputTopics ?? []),
    ...(known.receipt?.runs.map(({ topic }) => topic) ?? []),
    ...topics.named.keys(),
  ];
  const inputs = 'names' in config.consumer.topics ? config.consumer.topics.names : [];
  const left = new Set([...inputs, dispatcher.deadLetterTopic, known.place.topic]);
  return [...new Set(named)].filter((topic) => !left.has(topic)).slice(0, TOPICS_MAX);
}

function filtered(
  standing: Standing,
  reason: string | undefined,
  how: string,
  likely: '' | 'likely ' = '',
): Omit<Outcome, 'results' | 'isComplete'> {
  const by = reason === undefined ? '' : `, by the reason ${reason}`;
  return {
    state: 'filtered',
    filteredBy: reason,
    sentences: [...standing.sentences, `It was ${likely}filtered${by}: ${how}.`],
  };
}

function withoutResult(
  { request, known, standing, record }: Sought,
  isComplete: boolean,
): Pick<Outcome, 'state' | 'filteredBy' | 'sentences' | 'remedy'> {
  const reasons = known.running?.filterReasons ?? [];
  const { sourceHeaders } = request.config.dispatcher.output;
  if (standing.state === 'gone') return { ...standing };
  if (sourceHeaders && isComplete)
    return filtered(
      standing,
      reasons.length === 1 ? reasons[0] : undefined,
      'no dead letter and no result in the known output topics names it (results that were written before ' +
        'dispatcher.output.source-headers was on name nothing)',
      // A run that is over may have written to topics that are listed nowhere.
      known.running === undefined ? 'likely ' : '',
    );
  const early = isComplete ? '' : ' before the search ended';
  const maybe = reasons.length === 0 ? '' : ` (the job filters by ${reasons.slice(0, 5).join(', ')})`;
  return {
    state: 'settled',
    sentences: [
      ...standing.sentences,
      record?.key === null
        ? "Its results can't be recognised: it has no key, and they do not name their source."
        : `No result was found${early}: it was filtered${maybe}, or its result has another key or timestamp.`,
    ],
    remedy: isComplete
      ? 'with dispatcher.output.source-headers: true results name their source, and a receipt ' +
        '(kd run --receipt) lists them: pass it with --receipt'
      : 'raise --max or --time to search further',
  };
}
