/** Formats numbers for people. */

export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

export function bytes(n: number): string {
  const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = n < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(n) / 10));
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
