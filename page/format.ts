/** Numbers, times and sizes as people read them. */

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Three digits and a unit from ten million on. */
export function short(value: number): string {
  if (value < 10_000_000) return count(value);
  const [divisor, unit] = value < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  return `${(value / divisor).toPrecision(3)} ${unit}`;
}

export function rate(value: number): string {
  return value > 0 && value < 10 ? value.toFixed(1) : short(value);
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [amount, unit] = [value, 0];
  while (amount >= 1024 && unit < units.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[unit] ?? ''}`;
}

export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

export function milliseconds(value: number): string {
  if (value >= 10_000) return duration(value / 1000);
  return value >= 1000
    ? `${(value / 1000).toFixed(1)} s`
    : `${value < 10 ? value.toFixed(1) : count(value)} ms`;
}
