/** librdkafka's statistics: a JSON document as text. */

/** The parsed document, as distinct from the event that carries it. */
export interface Statistics {
  readonly document: object;
}

/** The document of an `event.stats`; undefined for anything else: statistics are never worth a crash. */
export function statisticsOf(event: unknown): Statistics | undefined {
  const document = parse(field(event, 'message'));
  return typeof document === 'object' && document !== null ? { document } : undefined;
}

function parse(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
