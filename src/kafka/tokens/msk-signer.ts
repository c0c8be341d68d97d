/** Tokens for MSK IAM, from the signer that AWS provides. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DispatcherError } from '../../core/errors.js';
import type { TokenSource } from '../../core/token-source.js';
import { errorText } from '../rdkafka.js';
import { call, property, type TokenProvider } from './token-provider.js';

export const SIGNER = 'aws-msk-iam-sasl-signer-js';

type MskSource = Extract<TokenSource, { kind: 'msk-iam' }>;

export async function mskSigner(source: MskSource, servers: readonly string[]): Promise<TokenProvider> {
  const region = source.region ?? regionOf(servers);
  if (region === undefined) {
    throw new DispatcherError(
      'CONFIGURATION',
      `the AWS region of the cluster is not known: ${servers.join(', ')} does not contain it`,
      {
        remedy: 'set AWS_REGION, or awsRegion in sasl.jaas.config',
      },
    );
  }
  if (source.profile !== undefined && source.roleArn !== undefined) {
    throw new DispatcherError('CONFIGURATION', 'MSK IAM: both a profile and a role are set', {
      remedy: 'set one of them; a profile may itself name the role (role_arn, source_profile)',
    });
  }
  const signer = await loadSigner();
  const [name, options] = signerCall(source, region);
  const callee = property(signer, name) ?? property(property(signer, 'default'), name);
  if (typeof callee !== 'function') {
    throw new DispatcherError('CONFIGURATION', `${SIGNER} has no function ${name}`, {
      remedy: `npm install ${SIGNER}@1`,
    });
  }
  return { name: SIGNER, ask: async () => call(callee, options) };
}

function signerCall(
  source: MskSource,
  region: string,
): readonly [name: string, options: Readonly<Record<string, string>>] {
  const { profile, roleArn, roleSessionName } = source;
  if (roleArn !== undefined) {
    const session = roleSessionName === undefined ? {} : { awsRoleSessionName: roleSessionName };
    return ['generateAuthTokenFromRole', { region, awsRoleArn: roleArn, ...session }];
  }
  return profile === undefined
    ? ['generateAuthToken', { region }]
    : ['generateAuthTokenFromProfile', { region, awsProfileName: profile }];
}

/** `b-1.demo.abc123.c2.kafka.eu-central-1.amazonaws.com:9098`, or `kafka-serverless` instead of `kafka`. */
function regionOf(servers: readonly string[]): string | undefined {
  for (const server of servers) {
    const region = /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com/i.exec(server)?.[1];
    if (region !== undefined) return region.toLowerCase();
  }
  return undefined;
}

/** Next to this program, as a peer dependency is installed; or in the project it runs in. */
async function loadSigner(): Promise<unknown> {
  // Not a literal, so that the bundler leaves it alone.
  const name: string = SIGNER;
  try {
    return await import(name);
  } catch (cause) {
    if (!isMissing(cause)) throw signerFault(cause);
  }
  let path: string;
  try {
    path = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch (cause) {
    throw new DispatcherError(
      'CONFIGURATION',
      `MSK IAM needs AWS's package ${SIGNER}, which is not installed`,
      {
        remedy: `npm install ${SIGNER}`,
        cause,
      },
    );
  }
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    throw signerFault(cause);
  }
}

function isMissing(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ERR_MODULE_NOT_FOUND' && errorText(cause).includes(`'${SIGNER}'`);
}

function signerFault(cause: unknown): DispatcherError {
  return new DispatcherError('CONFIGURATION', `${SIGNER} can't be loaded: ${errorText(cause)}`, {
    remedy: `install it again: npm install ${SIGNER}`,
    cause,
  });
}
