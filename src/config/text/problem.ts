/** The problems of a configuration: one entry per fault, all reported at once. */
import { visible } from '../../core/visible.js';

export type Severity = 'error' | 'warning';

export interface Problem {
  readonly severity: Severity;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly key: string | null;
  readonly message: string;
  readonly remedy: string | null;
}

/** A place in a file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The origin of a value. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly at: Position }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'set' }
  | { readonly kind: 'option'; readonly option: string }
  | { readonly kind: 'built-in'; readonly by: string };

/** Further problems are counted, not listed: nobody reads them. */
const PROBLEMS_MAX = 200;

type Place = Origin | Position | undefined;

/** A remedy is left out only for the words of another program, such as a compiler. */
export class Problems {
  readonly #list: Problem[] = [];
  readonly #reported = new Set<string>();
  #dropped = 0;
  #droppedErrors = 0;

  error(where: Place, key: string | null, message: string, remedy: string | undefined): void {
    this.#add('error', where, key, { message, remedy });
  }

  warning(where: Place, key: string | null, message: string, remedy: string | undefined): void {
    this.#add('warning', where, key, { message, remedy });
  }

  hasErrors(): boolean {
    return this.#droppedErrors > 0 || this.#list.some((problem) => problem.severity === 'error');
  }

  hasErrorAbout(key: string): boolean {
    return this.#list.some((problem) => problem.severity === 'error' && problem.key === key);
  }

  /** Sorted by place in the file; problems without a place come last. */
  list(): readonly Problem[] {
    const sorted = [...this.#list].sort(byPlace);
    if (this.#dropped > 0) {
      sorted.push({
        severity: this.#droppedErrors > 0 ? 'error' : 'warning',
        file: null,
        line: null,
        column: null,
        key: null,
        message: `and ${this.#dropped} more problems`,
        remedy: null,
      });
    }
    return sorted;
  }

  #add(
    severity: Severity,
    where: Origin | Position | undefined,
    key: string | null,
    texts: { message: string; remedy: string | undefined },
  ): void {
    const at = positionOf(where);
    // Both clients report problems of shared properties; list them once.
    const identity = JSON.stringify([severity, where, key, texts.message]);
    if (this.#reported.has(identity)) return;
    if (this.#list.length >= PROBLEMS_MAX) {
      this.#dropped += 1;
      if (severity === 'error') this.#droppedErrors += 1;
      return;
    }
    this.#reported.add(identity);
    this.#list.push({
      severity,
      file: at?.file ?? null,
      line: at?.line ?? null,
      column: at?.column ?? null,
      key,
      message: texts.message + sourceNote(where),
      remedy: texts.remedy ?? null,
    });
  }
}

function positionOf(where: Origin | Position | undefined): Position | undefined {
  if (where === undefined) return undefined;
  if ('line' in where) return where;
  return where.kind === 'file' ? where.at : undefined;
}

/** Names the source if it is not a line in a file. */
function sourceNote(where: Origin | Position | undefined): string {
  if (where === undefined || 'line' in where) return '';
  if (where.kind === 'environment') return ` (from the environment variable ${where.variable})`;
  if (where.kind === 'set') return ' (from --set)';
  if (where.kind === 'option') return ` (from ${where.option})`;
  return '';
}

function byPlace(a: Problem, b: Problem): number {
  const place = (problem: Problem): number => problem.line ?? Number.MAX_SAFE_INTEGER;
  return place(a) - place(b) || (a.column ?? 0) - (b.column ?? 0);
}

/** One problem as text: `file:line:column: severity: key: message`, the remedy on its own line. */
export function formatProblem(problem: Problem): string {
  const place =
    problem.file === null
      ? ''
      : `${problem.file}${problem.line === null ? '' : `:${problem.line}:${problem.column ?? 1}`}: `;
  const key = problem.key === null ? '' : `${problem.key}: `;
  const remedy = problem.remedy === null ? '' : `\n    → ${visible(problem.remedy)}`;
  return `${visible(place)}${problem.severity}: ${visible(`${key}${problem.message}`)}${remedy}`;
}

/** An origin in a few words, for `config show --origin`. */
export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${origin.at.file}:${origin.at.line}:${origin.at.column}`;
    case 'environment':
      return `environment ${origin.variable}`;
    case 'set':
      return '--set';
    case 'option':
      return origin.option;
    case 'built-in':
      return origin.by;
  }
}
