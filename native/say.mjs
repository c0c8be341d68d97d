import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * Prints one line for whoever installs the package. npm shows the output of a package's scripts only with
 * --foreground-scripts; otherwise the line goes directly to the terminal, if there is one.
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
      // No terminal: on a build machine the line goes to standard output, and so into its log.
    }
  }
  process.stdout.write(line);
}
