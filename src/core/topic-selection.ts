/** Which topics a job reads: names, or the source of one regular expression in JavaScript's dialect. */
export type TopicSelection = { readonly names: readonly string[] } | { readonly pattern: string };

/**
 * The subscription, the ends of a bounded run, and every check use the same dialect. Kafka's internal topics
 * (`__consumer_offsets` …) match only a pattern that contains their exact name: a reader of them would
 * consume its own commits.
 */
export function topicMatcher(selection: TopicSelection): (name: string) => boolean {
  if ('names' in selection) {
    const names = new Set(selection.names);
    return (name) => names.has(name);
  }
  const { pattern } = selection;
  const expression = new RegExp(pattern);
  return (name) => (!name.startsWith('__') || pattern.includes(name)) && expression.test(name);
}
