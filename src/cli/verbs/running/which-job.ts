/** The running job that a verb asks: that of the configuration, or the one named with `--url`. */
import { type Command, Option } from 'commander';
import { addressOf, type JobAddress } from '../../../app/running/job-address.js';
import type { CliIo, GlobalOptions, KafkaOptions } from '../../io.js';
import { configFile, loadConfig } from '../../load-config.js';

export interface UrlOptions extends KafkaOptions {
  readonly url?: string;
}

export function addUrlOption(command: Command): Command {
  return command.addOption(
    new Option('--url <url>', 'where the job answers (default: server.address and server.port)'),
  );
}

/** With `--url` no configuration is needed; the token is then KD_SERVER_TOKEN. */
export async function jobOf(options: GlobalOptions & UrlOptions, io: CliIo): Promise<JobAddress> {
  const { url } = options;
  if (url !== undefined && configFile(options, io) === undefined) {
    const token = io.env['KD_SERVER_TOKEN'];
    io.secrets?.add(token === undefined || token === '' ? [] : [token]);
    return { ...addressOf(undefined, url), token: token === '' ? undefined : token };
  }
  const config = await loadConfig({ ...options, quiet: true }, io, { purpose: 'connection' });
  return addressOf(config.server, url);
}
