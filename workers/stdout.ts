import { Console } from 'node:console';

/**
 * Standard output belongs to results (`-o json`): what a transform prints goes to standard error, however it
 * prints.
 */
export function keepStdoutForResults(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
}
