import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * One line for whoever installs. npm shows the output of a package's scripts only with --foreground-scripts,
 * so without it the line goes to the terminal, where there is one.
 */
export function say(text) {
  const line = `kafka-dispatcher: ${text}\n`;
  if (!process.stdout.isTTY) {
    try {
      const terminal = openSync('/dev/tty', 'w');
      writeSync(terminal, `\r\u001b[K${line}`);
      closeSync(terminal);
      return;
    } catch {
      // No terminal: a build machine, whose log takes standard output.
    }
  }
  process.stdout.write(line);
}
