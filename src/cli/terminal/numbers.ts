/** Formats numbers for people. */

export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

export function bytes(n: number): string {
  const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const last = UNITS.length - 1;
  let power = n < 1 ? 0 : Math.min(last, Math.floor(Math.log2(n) / 10));
  // Rounding may reach the next unit: 1,048,575 bytes are 1.0 MiB, not 1024.0 KiB.
  if (power > 0 && power < last && Number((n / 1024 ** power).toFixed(1)) >= 1024) power += 1;
  return `${(n / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power] ?? 'B'}`;
}

/** The two largest units: `3 d 4 h`, `12 min 5 s`, `0.4 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor((seconds % 86_400) / 3600)];
  const [minutes, rest] = [Math.floor((seconds % 3600) / 60), seconds % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
