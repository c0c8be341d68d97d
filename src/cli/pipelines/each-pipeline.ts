/** A verb that does the same for every pipeline of the configuration, one after another. */
import { DispatcherError } from '../../core/errors.js';
import { type CliIo, type GlobalOptions, type KafkaOptions, printJson } from '../io.js';
import { type LoadExtras, loadAllWithDetails, type UsableConfig } from '../load-config.js';

/** Prints an answer: with several pipelines all answers become one document. */
export type PrintDocument = (document: object) => void;

export async function eachPipeline(
  options: GlobalOptions & KafkaOptions,
  io: CliIo,
  extras: LoadExtras,
  body: (loaded: UsableConfig, print: PrintDocument) => Promise<void>,
): Promise<void> {
  const { usable, several } = await loadAllWithDetails(options, io, extras);
  const json = options.output === 'json';
  const documents: object[] = [];
  const failures: DispatcherError[] = [];
  for (const loaded of usable) {
    const { name } = loaded.config;
    if (several && !json) io.stdout.write(`--- # ${name}\n`);
    const print: PrintDocument = (document) => {
      if (several) documents.push({ pipeline: name, ...document });
      else printJson(io, document);
    };
    try {
      await body(loaded, print);
    } catch (error) {
      // What is wrong with one pipeline says nothing of the others.
      if (!several || !(error instanceof DispatcherError)) throw error;
      failures.push(error);
      if (failures.length > 1) io.stderr.write(`error: ${name}: ${error.message}\n`);
    }
  }
  if (several && json) {
    const ok = failures.length === 0 && documents.every((one) => !('ok' in one) || one.ok === true);
    printJson(io, { ok, pipelines: documents });
  }
  const [first] = failures;
  if (first !== undefined) throw first;
}
