/** Finds values that `JSON.stringify` writes silently although JSON can't represent them. */
import { types } from 'node:util';
import { FormatError } from './format.js';
import { NESTING_DEPTH_MAX } from './limits.js';

/**
 * Traces of such values in the text: `{}` for promises, maps, sets and errors; `null` for invalid dates, NaN
 * and infinities; the remaining patterns for bytes and system errors. Objects are only inspected if one is
 * found.
 */
const TRACES = /null|\{\}|"type":"Buffer"|\{"0":|"syscall":/;

export function checkJsonValues(value: unknown, text: string): void {
  if (mayHideValues(text)) check(value, '', 0);
}

/** Whether the text has such a trace. */
export function mayHideValues(text: string): boolean {
  // One expression costs a third of what five searches cost.
  return TRACES.test(text);
}

function check(given: unknown, path: string, depth: number): void {
  // JSON.stringify unwraps them.
  const value: unknown = types.isNumberObject(given) ? Number(given) : given;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return;
    throw new FormatError(
      'NOT_FINITE',
      `${named(path)} is ${String(value)}, which JSON can't hold; use null or a string`,
    );
  }
  if (typeof value !== 'object' || value === null || depth > NESTING_DEPTH_MAX) return;
  const fault = faultOf(value);
  if (fault !== undefined) throw new FormatError('INVALID_RESULT', `${named(path)} is ${fault}`);
  if (hasToJson(value)) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) check(value[i], `${path}[${String(i)}]`, depth + 1);
    return;
  }
  for (const [key, child] of Object.entries(value))
    check(child, path === '' ? key : `${path}.${key}`, depth + 1);
}

function named(path: string): string {
  return path === '' ? 'the value' : path;
}

/** Describes the fault and the remedy; objects that define their own JSON (`toJSON`) have none. */
function faultOf(value: object): string | undefined {
  if (types.isDate(value))
    return Number.isNaN(value.getTime()) ? 'an invalid Date; check it, or use null' : undefined;
  if (Buffer.isBuffer(value)) return `a Buffer${BYTES}`;
  if (hasToJson(value)) return undefined;
  if (types.isPromise(value)) return 'a promise; await it';
  if (types.isMap(value)) return 'a Map, which JSON would lose; use Object.fromEntries()';
  if (types.isSet(value)) return 'a Set, which JSON would lose; use [...set]';
  if (types.isNativeError(value) || value instanceof Error)
    return 'an Error, which JSON would lose; use its message, or throw it';
  if (types.isTypedArray(value)) return `a ${value[Symbol.toStringTag]}${BYTES}`;
  if (types.isDataView(value)) return `a DataView${BYTES}`;
  if (types.isAnyArrayBuffer(value)) return `an ArrayBuffer${BYTES}`;
  if (types.isRegExp(value)) return 'a RegExp, which JSON would lose; use String()';
  if (types.isWeakMap(value)) return 'a WeakMap, which has no JSON';
  return types.isWeakSet(value) ? 'a WeakSet, which has no JSON' : undefined;
}

const BYTES = ", which JSON can't hold; use an array of numbers, or a string of base64 or hex";

function hasToJson(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
