/**
 * Converts names between schemas and avsc. Java up to 1.11 allows `-`, `$` and leading digits in a namespace
 * (`com.my-shop.7lines`), avsc only identifiers. For avsc such parts are spelled differently.
 */

import type { Type } from 'avsc';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const JAVA_TAKES = /^[\p{L}\p{N}_$-]+$/u;
const NOT_FOR_AVSC = /[^A-Za-z0-9_]|^[0-9]/gu;
const SPELLED = /__u([0-9a-f]{1,6})__/g;

export function namespaceForAvsc(namespace: string): string {
  return namespace
    .split('.')
    .map((part) => (IDENTIFIER.test(part) || !JAVA_TAKES.test(part) ? part : spelled(part)))
    .join('.');
}

/** A name without or with a namespace; the name itself must be an identifier. */
export function nameForAvsc(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? name : `${namespaceForAvsc(name.slice(0, dot))}${name.slice(dot)}`;
}

function spelled(part: string): string {
  return part.replace(NOT_FOR_AVSC, (char) => `__u${(char.codePointAt(0) ?? 0).toString(16)}__`);
}

/** Restores the original spelling in a name, a namespace, or a message from avsc. */
export function asWritten(text: string): string {
  return text.replace(SPELLED, (_all, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

export function nameOf(type: Type): string {
  return asWritten(type.name ?? 'record');
}

/** The branch's name in Avro's JSON encoding. */
export function branchNameOf(type: Type): string {
  return asWritten(type.branchName ?? type.typeName);
}
