import type { DeclaredFields } from '../../formats/fields/declared.js';
import { importTransform } from './load.js';

/** The exports of a transform module. */
export interface TransformSummary {
  readonly kind: 'record' | 'batch';
  readonly hasSetup: boolean;
  readonly hasTeardown: boolean;
  readonly hasValidate: boolean;
  readonly hasOnTombstone: boolean;
  readonly hasInputSchema: boolean;
  readonly hasOutputSchema: boolean;
  readonly declared: DeclaredFields | undefined;
}

/** Executes only the top level of a compiled module. Throws a TRANSFORM_LOAD error. */
export async function summarizeTransform(url: string, path: string): Promise<TransformSummary> {
  const loaded = await importTransform(url, path);
  return {
    kind: loaded.transformBatch === undefined ? 'record' : 'batch',
    hasSetup: loaded.setup !== undefined,
    hasTeardown: loaded.teardown !== undefined,
    hasValidate: loaded.validate !== undefined,
    hasOnTombstone: loaded.onTombstone !== undefined,
    hasInputSchema: loaded.inputSchema !== undefined,
    hasOutputSchema: loaded.outputSchema !== undefined,
    declared: loaded.declared,
  };
}
