/** Topics that were deleted and created again after a run: the same offsets have other records now. */
import type { ResolvedConfig } from '../../../config/keys/resolved.js';
import { DispatcherError } from '../../../core/errors.js';
import type { TopicIdentity } from '../../../core/receipts/lines.js';
import type { Logger } from '../../../ports/logger.js';
import { openSide } from '../../compose/admins.js';
import { identityOf } from '../run-facts.js';
import type { Listed, Side } from './listed.js';
import type { FoundDifference } from './result.js';

const CONNECT_TIMEOUT_MS = 15_000;
const UNKNOWN_TOPIC = 3;
const UNAUTHORIZED = 29;

/** Topics that are read under another name are not compared. */
export async function replacedTopics(
  { instances }: Listed,
  { config, logger, readAs }: { config: ResolvedConfig; logger: Logger; readAs: ReadonlyMap<string, string> },
): Promise<readonly FoundDifference[]> {
  const found: FoundDifference[] = [];
  for (const side of ['input', 'output'] as const) {
    const known = new Map<string, Set<string>>();
    for (const { begun } of instances.values()) {
      const topics = side === 'input' ? begun?.inputs : begun?.outputs;
      for (const one of topics ?? []) if (!readAs.has(one.topic)) addTo(known, one);
    }
    if (known.size > 0) found.push(...(await compare(side, known, { config, logger })));
  }
  return found;
}

function addTo(known: Map<string, Set<string>>, { topic, id }: TopicIdentity): void {
  if (id === null) return;
  const ids = known.get(topic);
  if (ids === undefined) known.set(topic, new Set([id]));
  else ids.add(id);
}

async function compare(
  side: Side,
  known: ReadonlyMap<string, ReadonlySet<string>>,
  { config, logger }: { config: ResolvedConfig; logger: Logger },
): Promise<readonly FoundDifference[]> {
  const client = side === 'input' ? 'consumer' : 'producer';
  const admin = await openSide(client, { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    const now = await admin.describeTopics([...known.keys()]);
    return now.flatMap(({ name, code, text, topicId }) => {
      if (code !== 0 && code !== UNKNOWN_TOPIC) throw unanswered(name, code, text);
      const { id } = identityOf(name, topicId);
      const before = [...(known.get(name) ?? [])];
      if (code === 0 && (id === null || before.every((one) => one === id))) return [];
      const words = code === 0 ? 'was deleted and created again' : 'does not exist any more';
      const message = `${name} ${words} since these receipts were written: it has other records now`;
      const place = { topic: name, partition: -1, offset: -1, records: 0, listedAt: null };
      return [{ kind: 'replaced' as const, side, ...place, message }];
    });
  } finally {
    await admin.close();
  }
}

/** Says nothing about its records: they may be there. */
function unanswered(topic: string, code: number, text: string): DispatcherError {
  const isRefusal = code === UNAUTHORIZED;
  return new DispatcherError(
    isRefusal ? 'KAFKA_REFUSED' : 'KAFKA_UNREACHABLE',
    `the topic ${topic} can't be described: ${text}`,
    { remedy: isRefusal ? 'give this user READ and DESCRIBE on the topic' : 'try again, or run kd doctor' },
  );
}
