import type { RunStatus } from '../../app/attended.js';
import { count } from './numbers.js';

/** `slowed: live lag 12,345 > 10,000` */
export function slowedText({ group, lagRecords, boundRecords }: NonNullable<RunStatus['slowed']>): string {
  if (lagRecords === undefined) return `slowed: lag of ${group} not known`;
  const compared = lagRecords > boundRecords ? '>' : 'of';
  return `slowed: ${group} lag ${count(lagRecords)} ${compared} ${count(boundRecords)}`;
}
