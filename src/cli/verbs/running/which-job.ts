/** The running job that a verb asks: that of the configuration, or the one named with `--url`. */
import { type Command, Option } from 'commander';
import { addressOf, type JobAddress } from '../../../app/running/job-address.js';
import { DispatcherError } from '../../../core/errors.js';
import type { CliIo, GlobalOptions, KafkaOptions } from '../../io.js';
import { configFile, loadAllWithDetails } from '../../load-config.js';

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
  const { pipeline } = options;
  return { ...(await addressIn(options, io)), ...(pipeline === undefined ? {} : { pipeline }) };
}

async function addressIn(options: GlobalOptions & UrlOptions, io: CliIo): Promise<JobAddress> {
  const { url } = options;
  if (url !== undefined && configFile(options, io) === undefined) {
    const token = io.env['KD_SERVER_TOKEN'];
    io.secrets?.add(token === undefined || token === '' ? [] : [token]);
    return { ...addressOf(undefined, url), token: token === '' ? undefined : token };
  }
  const { usable } = await loadAllWithDetails({ ...options, quiet: true }, io, { purpose: 'connection' });
  const [first] = usable;
  if (first === undefined) throw new DispatcherError('DEFECT', 'there is no pipeline');
  // The server belongs to the process: all pipelines have the same.
  return addressOf(first.config.server, url);
}
