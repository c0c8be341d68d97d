import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import type { CliIo, GlobalOptions } from '../../src/cli/io.js';
import { readConfig } from '../../src/cli/load-config.js';
import { createProgram, runCli, verbsFor } from '../../src/cli/program.js';
import { DispatcherError } from '../../src/core/errors.js';
import { Secrets } from '../../src/secrets/secrets.js';
import { runKd } from '../support/kd.js';
import { readAll } from '../support/read-all.js';

const directory = mkdtempSync(join(tmpdir(), 'kd-cli-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const GOOD = `kafka:
  bootstrap-servers: a:9092
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
`;

function write(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return name;
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function inMemory(env: Readonly<Record<string, string>> = {}): { io: CliIo; outcome: () => Outcome } {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let code = 0;
  const io: CliIo = {
    stdin: new PassThrough(),
    stdout,
    stderr,
    env,
    workingDirectory: directory,
    setExitCode: (value) => {
      code = value;
    },
  };
  return {
    io,
    outcome: () => ({ code, out: readAll(stdout), err: readAll(stderr) }),
  };
}

async function kd(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const { io, outcome } = inMemory(env);
  await runCli(args, io);
  return outcome();
}

test('without arguments the help is printed, and every verb has help with an example', async () => {
  const bare = await kd([]);
  assert.equal(bare.code, 0);
  assert.match(bare.out, /Usage: kd/);
  const program = createProgram(inMemory().io, await verbsFor([]));
  for (const command of program.commands) {
    const help = await kd([command.name(), '--help']);
    assert.equal(help.code, 0, command.name());
    assert.match(help.out, /Examples?:\n {2}\$? ?.*kd /, command.name());
  }
});

test('unknown verbs and options exit 2 with the nearest name', async () => {
  const verb = await kd(['validat']);
  assert.equal(verb.code, 2);
  assert.match(verb.err, /Did you mean validate/);
  const option = await kd(['validate', '--strct', '-o', 'json']);
  assert.equal(option.code, 2);
  assert.match(option.err, /Did you mean --strict/);
  assert.equal((JSON.parse(option.out) as { error: { code: string } }).error.code, 'USAGE');
  assert.equal((await kd(['validate', '-o', 'xml'])).code, 2);
  assert.equal((await kd(['completion', 'tcsh'])).code, 2);
});

test('validate exits 0 when all is well, 2 on errors, 6 on warnings with --strict', async () => {
  write('kd.yml', GOOD);
  assert.deepEqual(await kd(['validate']), { code: 0, out: 'kd.yml: ok, 0 errors, 0 warnings\n', err: '' });
  const json = await kd(['validate', '-o', 'json']);
  assert.deepEqual(JSON.parse(json.out), { ok: true, problems: [] });
  write('bad.yml', `${GOOD}dispatcher: { dlq: x }\n`);
  const bad = await kd(['validate', '-c', 'bad.yml', '-o', 'json']);
  assert.equal(bad.code, 2);
  const { ok, problems } = JSON.parse(bad.out) as {
    ok: boolean;
    problems: readonly Record<string, unknown>[];
  };
  assert.equal(ok, false);
  assert.deepEqual(problems, [
    {
      severity: 'error',
      file: 'bad.yml',
      line: 5,
      column: 15,
      key: 'dispatcher.dlq',
      message: 'there is no such key',
      remedy: 'did you mean dispatcher.dead-letter.topic?',
    },
  ]);
  write('warn.yml', `${GOOD}logging: { level: { root: INFO, x.y: WARN } }\n`);
  assert.equal((await kd(['validate', '-c', 'warn.yml'])).code, 0);
  const strict = await kd(['validate', '-c', 'warn.yml', '--strict', '-o', 'json']);
  assert.equal(strict.code, 6);
  assert.equal((JSON.parse(strict.out) as { ok: boolean }).ok, false);
});

test('validate --strict names the warnings that make it fail, with --quiet too', async () => {
  write('strict.yml', `${GOOD}logging: { level: { root: INFO, x.y: WARN } }\n`);
  const verdict = 'strict.yml: not ok, 0 errors, 1 warning (with --strict warnings count as failures)\n';
  for (const more of [[], ['--quiet']]) {
    const { code, out } = await kd(['validate', '-c', 'strict.yml', '--strict', ...more]);
    assert.equal(code, 6);
    assert.ok(out.endsWith(verdict), out);
    assert.match(out, /warning: logging\.level\.x\.y/);
  }
  assert.match((await kd(['validate', '-c', 'strict.yml'])).out, /strict\.yml: ok, 0 errors, 1 warning\n$/);
  assert.equal((await kd(['validate', '-c', 'strict.yml', '--quiet'])).out, '');
});

test(
  'validate --explain prints what each client gets, its origin ' + 'and reason, and what was left out',
  async () => {
    write(
      'java.yml',
      GOOD.replace(
        'kafka:\n',
        'kafka:\n  properties: { fetch.max.wait.ms: 400, key.serializer: x.Y, sasl.password: Canary-4c }\n',
      ),
    );
    const text = await kd(['validate', '-c', 'java.yml', '--explain']);
    assert.match(
      text.out,
      /fetch\.wait\.max\.ms = 400\n.*java\.yml:2:36, kafka\.properties\.fetch\.max\.wait\.ms/,
    );
    assert.match(text.out, /java\.yml:2:57: note: kafka\.properties\.key\.serializer/);
    const json = await kd(['validate', '-c', 'java.yml', '--explain', '-o', 'json']);
    const { explain, notes } = JSON.parse(json.out) as {
      explain: Record<string, readonly { name: string }[]>;
      notes: readonly unknown[];
    };
    assert.equal(notes.length, 1);
    assert.ok(explain['consumer']?.some(({ name }) => name === 'check.crcs'));
    assert.ok(!`${text.out}${json.out}`.includes('Canary'));
  },
);

test('validate checks schemas and transform, and reports the line that names them', async () => {
  write('broken.avsc', '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "nope"}]}');
  write('broken.mjs', 'export default 5;\n');
  write(
    'parts.yml',
    `${GOOD}dispatcher:\n  transform: ./broken.mjs\n  input: { format: avro, schema: ./broken.avsc }\n`,
  );
  const { code, out } = await kd(['validate', '-c', 'parts.yml', '-o', 'json']);
  assert.equal(code, 2);
  const { problems } = JSON.parse(out) as { problems: readonly { key: string; line: number }[] };
  assert.deepEqual(
    problems.map(({ key, line }) => [key, line]).sort(),
    [
      ['dispatcher.input.schema', 7],
      ['dispatcher.transform', 6],
    ].sort(),
  );
});

test(
  "validate reports that AWS's package for MSK IAM is missing, at the line of the mechanism, " +
    'with the install command',
  async () => {
    const login = 'kafka:\n  properties: { security.protocol: SASL_SSL, sasl.mechanism: AWS_MSK_IAM }\n';
    write(
      'iam.yml',
      GOOD.replace('kafka:\n', login).replace(
        'a:9092',
        'b-1.demo.abc.c2.kafka.eu-central-1.amazonaws.com:9098',
      ),
    );
    const missing = await kd(['validate', '-c', 'iam.yml', '-o', 'json']);
    assert.equal(missing.code, 2, missing.out);
    assert.deepEqual((JSON.parse(missing.out) as { problems: unknown }).problems, [
      {
        severity: 'error',
        file: 'iam.yml',
        line: 2,
        column: 62,
        key: 'kafka.properties.sasl.mechanism',
        message: "MSK IAM needs AWS's package aws-msk-iam-sasl-signer-js, which is not installed",
        remedy: 'npm install aws-msk-iam-sasl-signer-js',
      },
    ]);
    const place = join(directory, 'node_modules', 'aws-msk-iam-sasl-signer-js');
    mkdirSync(place, { recursive: true });
    writeFileSync(
      join(place, 'package.json'),
      '{ "name": "aws-msk-iam-sasl-signer-js", "version": "1.0.3", "main": "./index.js" }',
    );
    writeFileSync(join(place, 'index.js'), 'exports.generateAuthToken = async () => ({});\n');
    // The package is looked for in the project that kd is started in, as in a run.
    const found = await runKd(['validate', '-c', 'iam.yml'], { cwd: directory });
    assert.deepEqual([found.code, found.stdout], [0, 'iam.yml: ok, 0 errors, 0 warnings\n'], found.stderr);
  },
);

test(
  'the configuration comes from -c, else KD_CONFIG, else kd.yml; ' + 'without any, exit 2 with a message',
  async () => {
    write('kd.yml', GOOD);
    write('other.yml', `name: other\n${GOOD}`);
    const name = async (args: readonly string[], env: Record<string, string> = {}): Promise<unknown> =>
      (parse((await kd(['config', 'show', ...args], env)).out) as { name: unknown }).name;
    assert.equal(await name([]), 'kd');
    assert.equal(await name([], { KD_CONFIG: 'other.yml' }), 'other');
    assert.equal(await name(['-c', 'kd.yml'], { KD_CONFIG: 'other.yml' }), 'kd');
    const { io, outcome } = inMemory();
    await runCli(['config', 'show', '-o', 'json'], { ...io, workingDirectory: tmpdir() });
    const none = outcome();
    assert.equal(none.code, 2);
    assert.equal((JSON.parse(none.out) as { error: { code: string } }).error.code, 'USAGE');
  },
);

test(
  'config show prints a configuration that loads to the same ' + 'values, with origins as comments',
  async () => {
    write('kd.yml', `${GOOD}dispatcher: { threads: 2, options: { a: [1, x], b: { c.d: 1 } } }\n`);
    const first = await kd(['config', 'show', '--origin', '--set', 'dispatcher.concurrency=3'], {
      KD_DISPATCHER_TIMEOUT: '9s',
    });
    assert.equal(first.code, 0);
    assert.match(first.out, /threads: 2 # kd\.yml:5:24/);
    assert.match(first.out, /concurrency: 3 # --set/);
    assert.match(first.out, /timeout: 9s # environment KD_DISPATCHER_TIMEOUT/);
    assert.match(first.out, /fetch\.queue\.backoff\.ms: 5 # default of kafka-dispatcher/);
    write('again.yml', first.out);
    const again = await kd(['config', 'show', '-c', 'again.yml']);
    assert.deepEqual(parse(again.out), parse(first.out));
  },
);

test('-q lowers the log level of every verb to warnings and never raises it; -v means debug', () => {
  const level = (configured: string, options: GlobalOptions): string | undefined => {
    write('level.yml', `${GOOD}logging: { level: ${configured} }\n`);
    return readConfig({ ...options, config: 'level.yml' }, inMemory().io).config?.logging.level.root;
  };
  assert.equal(level('info', {}), 'info');
  assert.equal(level('info', { quiet: true }), 'warn');
  assert.equal(level('error', { quiet: true }), 'error');
  assert.equal(level('error', { verbose: true }), 'debug');
});

test(
  'a faulty configuration exits 2 with every problem on stderr and, with -o json, the error ' +
    'object on stdout',
  async () => {
    write('kd.yml', `${GOOD}dispatcher: { dlq: x, workers: 4 }\n`);
    const { code, out, err } = await kd(['config', 'show', '-o', 'json']);
    assert.equal(code, 2);
    assert.match(err, /kd\.yml:5:15: error: dispatcher\.dlq: there is no such key\n {4}→ did you mean/);
    const { error } = JSON.parse(out) as {
      error: { code: string; message: string; remedy: string; problems: readonly unknown[] };
    };
    assert.equal(error.code, 'CONFIGURATION');
    assert.match(error.message, /kd\.yml has 2 errors/);
    assert.equal(error.problems.length, 2);
  },
);

test(
  'an error that a verb throws becomes message, remedy and exit code, without secrets; any other ' +
    'error is reported as a bug',
  async () => {
    const failing = async (thrown: unknown): Promise<Outcome> => {
      const { io, outcome } = inMemory();
      const secrets = new Secrets();
      secrets.add(['hunter22']);
      await runCli(['boom', '-o', 'json'], { ...io, secrets }, [
        (program) => {
          program.command('boom').action(() => {
            throw thrown;
          });
        },
      ]);
      return outcome();
    };
    const refused = await failing(
      new DispatcherError('KAFKA_REFUSED', 'refused hunter22', { remedy: 'not hunter22' }),
    );
    assert.equal(refused.code, 8);
    assert.deepEqual(JSON.parse(refused.out), {
      error: { code: 'KAFKA_REFUSED', message: 'refused ********', remedy: 'not ********' },
    });
    const defect = await failing(new TypeError('x of hunter22 is not a function'));
    assert.equal(defect.code, 1);
    assert.match(defect.err, /TypeError/);
    assert.ok(!(defect.err + defect.out + refused.err).includes('hunter22'));
  },
);

test('no secret of the configuration appears in any output of any verb here', async () => {
  write(
    'kd.yml',
    `kafka: { bootstrap-servers: "a:9092", properties: { sasl.password: Canary-1, ssl.key.password: ` +
      `"\${PW}" }, consumer: { group-id: g, topics: [in] }, producer: { topic: out } }\n`,
  );
  for (const args of [
    ['validate'],
    ['validate', '-o', 'json'],
    ['config', 'show', '--origin'],
    ['config', 'show', '-o', 'json', '--origin'],
    ['validate', '--set', 'kafka.properties.sasl.password='],
    ['validate', '--set', 'dispatcher.threads=Canary-1'],
  ]) {
    const { out, err } = await kd(args, { PW: 'Canary-2' });
    assert.ok(!(out + err).includes('Canary'), `${args.join(' ')}: ${out}${err}`);
  }
});

test('completion scripts know the verbs, and bash can execute its script', async () => {
  const { out } = await kd(['completion', 'bash']);
  const ask = (words: readonly string[]): string[] => {
    const script =
      `${out}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); ` +
      `COMP_CWORD=${words.length - 1}; _kd; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    assert.equal(status, 0);
    return stdout.trim().split('\n');
  };
  assert.deepEqual(ask(['kd', 'vali']), ['validate']);
  assert.deepEqual(ask(['kd', 'config', 'sh']), ['show']);
  assert.deepEqual(ask(['kd', '-o', '']), ['text', 'json', 'jsonl']);
  assert.ok(ask(['kd', 'validate', '--']).includes('--strict'));
  for (const shell of ['zsh', 'fish']) assert.match((await kd(['completion', shell])).out, /validate/);
});

test('the program respects NO_COLOR and KD_CONFIG, and prints its results on stdout', async () => {
  write('kd.yml', GOOD);
  const good = await runKd(['validate'], { cwd: directory });
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, 'kd.yml: ok, 0 errors, 0 warnings\n', '']);
  const colored = await runKd(['validate'], { cwd: directory, env: { FORCE_COLOR: '1' } });
  assert.match(colored.stdout, /\u001b\[/);
  const plain = await runKd(['validate'], { cwd: directory, env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
  assert.doesNotMatch(plain.stdout, /\u001b\[/);
  assert.equal(
    (await runKd(['config', 'show'], { cwd: tmpdir(), env: { KD_CONFIG: join(directory, 'kd.yml') } })).code,
    0,
  );
  assert.equal((await runKd(['nonsense'], { cwd: directory })).code, 2);
});
