/** The format in which `kd produce` writes, and whether the job would read it. */

import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { topicMatcher } from '../../core/topic-selection.js';
import type { FormatSpec } from '../../formats/format.js';
import { formatOf } from '../job-formats.js';

export const FORMAT_CHOICES = ['output', 'input', 'raw', 'json'] as const;
export type FormatChoice = (typeof FORMAT_CHOICES)[number];

export interface ProduceFormat {
  readonly spec: FormatSpec;
  /** A name for messages. */
  readonly name: string;
  /** The key that decides it; undefined if the command line did. */
  readonly setting?: string;
}

export function produceFormat(config: ResolvedConfig, choice: FormatChoice): ProduceFormat {
  if (choice === 'output')
    return {
      spec: formatOf(config, 'output'),
      name: 'the output format',
      setting: 'dispatcher.output.format',
    };
  if (choice === 'input')
    return {
      spec: written(formatOf(config, 'input')),
      name: 'the input format',
      setting: 'dispatcher.input.format',
    };
  return { spec: { format: choice, long: config.dispatcher.input.long }, name: `the format of --format` };
}

/** The job reads records with their writer's schema; its own is the reader schema. */
function written(spec: FormatSpec): FormatSpec {
  if (spec.schema?.writerPath === undefined) return spec;
  const { writerPath, references } = spec.schema;
  return { ...spec, schema: { path: writerPath, references } };
}

/**
 * The format in which the job reads this topic, if it differs from the one that the records are written in.
 */
export function readsOtherwise(
  config: ResolvedConfig,
  topic: string,
  { spec }: ProduceFormat,
): string | undefined {
  if (!isInput(config, topic)) return undefined;
  const read = written(formatOf(config, 'input'));
  // The job accepts any raw bytes.
  if (read.format === 'raw' || (read.format === spec.format && read.schema?.path === spec.schema?.path))
    return undefined;
  return read.format === spec.format ? `${read.format} with another schema` : read.format;
}

function isInput({ consumer: { topics } }: ResolvedConfig, topic: string): boolean {
  return topicMatcher(topics)(topic);
}
