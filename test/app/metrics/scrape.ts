/** Reads `/metrics` as Prometheus does, and lets Prometheus' own tool check it. */
import { spawnSync } from 'node:child_process';

/** The value of each series, by its name with its labels as they are written. */
export function seriesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
  );
}

export async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  return seriesOf(await (await fetch(url)).text());
}

/** What `promtool check metrics` has to say; empty: nothing. */
export function promtoolSays(text: string): string {
  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  if (error !== undefined)
    throw new Error('promtool is missing: make setup-test installs it', { cause: error });
  return status === 0 && stderr === '' ? '' : `${status}: ${stdout}${stderr}`;
}
