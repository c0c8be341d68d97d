/** A group and the number of records that it may lag behind, as people write it: `live:10000`. */

export type ParsedGroupLag =
  | { readonly ok: true; readonly group: string; readonly boundRecords: number }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** The last colon counts: a group's name may contain some. */
const GROUP_LAG = /^(.*\S)\s*:\s*(\d{1,15})$/;
const REMEDY = 'write GROUP:RECORDS, for example live:10000';

export function parseGroupLag(text: string): ParsedGroupLag {
  const [, group, records] = GROUP_LAG.exec(text.trim()) ?? [];
  if (group === undefined)
    return { ok: false, reason: 'is not a group with its largest lag', remedy: REMEDY };
  const boundRecords = Number(records);
  if (boundRecords < 1)
    return { ok: false, reason: 'is out of range: every group lags at times', remedy: REMEDY };
  return { ok: true, group, boundRecords };
}
