/**
 * A secret in every field that takes one, through every verb, in success and failure: none may appear in any
 * output.
 */
// @alone: six programs at the same time fill the machine.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { atEndOf } from '../../support/at-end.js';
import { spawnKd } from '../../support/kd.js';
import { startSecureCluster } from '../../support/secure-cluster.js';
import { Canaries } from '../canaries.js';
import { quietScenes, type Scene, scenesOnBroker } from './canary-scenes.js';
import { canaries, type Stage, setStage, topics } from './canary-stage.js';

const SCENES_AT_ONCE = 6;
let stage: Stage;
let failed = true;
const atEnd = atEndOf();
before(async () => {
  const secure = await startSecureCluster();
  atEnd(() => secure.cluster.stop({ failed }));
  stage = await setStage(secure, atEnd);
});

async function play(scene: Scene): Promise<string[]> {
  const folder = mkdtempSync(join(stage.root, 'scene-'));
  const { kafka, consumer, producer, ...rest } = scene.yaml as Readonly<Record<string, object>>;
  writeFileSync(join(folder, 'kd.yml'), JSON.stringify({ kafka: { ...kafka, consumer, producer }, ...rest }));
  for (const [name, text] of Object.entries(scene.files ?? {})) writeFileSync(join(folder, name), text);
  const kd = spawnKd(scene.args, {
    cwd: folder,
    ...(scene.env === undefined ? {} : { env: scene.env }),
    ...(scene.input === undefined ? {} : { input: scene.input }),
  });
  let seen = '';
  if (scene.look !== undefined) {
    const [, url = ''] = await kd.waitFor(/"url":"([^"]+)"/);
    await kd.waitFor(/assigned/);
    seen = await scene.look(url);
    kd.kill();
  }
  const { code, signal, stdout, stderr } = await kd.ended;
  const said = `${stdout}\n${stderr}`;
  const left = readdirSync(folder).filter((name) => /report|\.log$|core/.test(name));
  const traces = left.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const faults = canaries.findIn(`${said}\n${seen}\n${traces}`).map((found) => `${scene.name}: ${found}`);
  if (code !== scene.exit)
    faults.push(`${scene.name}: ended with ${code ?? signal}, not ${scene.exit}:\n${said.slice(-3000)}`);
  if (scene.says !== undefined && !scene.says.test(said))
    faults.push(`${scene.name}: never said ${scene.says.source}:\n${said.slice(-3000)}`);
  return faults;
}

/** Plays a few scenes at a time. */
async function playAll(scenes: readonly Scene[]): Promise<string[]> {
  const left = [...scenes];
  const faults: string[] = [];
  const lane = async (): Promise<void> => {
    for (let scene = left.shift(); scene !== undefined; scene = left.shift())
      faults.push(...(await play(scene)));
  };
  await Promise.all(Array.from({ length: SCENES_AT_ONCE }, lane));
  return faults;
}

test('a secret is found in every encoding in which it could appear', () => {
  const own = new Canaries();
  const secret = own.secret('x');
  const forms = [
    JSON.stringify({ a: secret }),
    encodeURIComponent(secret),
    ...['', 'a', 'ab'].map((before) => Buffer.from(before + secret).toString('base64')),
  ];
  for (const text of [secret, Buffer.from(secret).toString('hex'), ...forms])
    assert.equal(own.findIn(`…${text}…`).length > 0, true, text);
  assert.deepEqual(own.findIn('nothing of it'), []);
});

test('no secret of any field appears in the output of any verb, in success or failure', async () => {
  const faults = await playAll([...scenesOnBroker(stage), ...quietScenes(stage)]);
  assert.deepEqual(faults, [], faults.join('\n\n'));
});

test('no dead letter contains a secret', async () => {
  const records = await stage.secure.cluster.tool.consume([topics.dead]);
  assert.ok(records.length >= 20);
  const text = records
    .flatMap(({ headers }) => headers.map(([name, value]) => `${name}: ${value?.toString('utf8') ?? ''}`))
    .join('\n');
  assert.match(text, /kd-message: not with \*\*\*/);
  assert.deepEqual(canaries.findIn(text), []);
  failed = false;
});
