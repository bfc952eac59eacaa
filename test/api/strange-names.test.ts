import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

let folder: string;
let clip: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadgaze-test-'));
  clip = await makeNumberedClip(join(folder, 'clip.mp4'), {
    frames: 20,
    fps: 10,
    size: [160, 96],
    keyframes: 8,
  });
});
after(() => rm(folder, { recursive: true, force: true }));

async function start(t: TestContext, names: readonly (string | Buffer)[]) {
  const recordings = temporaryFolder(t);
  for (const name of names)
    await copyFile(
      clip,
      Buffer.concat([
        Buffer.from(`${recordings}/`),
        typeof name === 'string' ? Buffer.from(name) : name,
      ]),
    );
  const networks = temporaryFolder(t);
  const network = await writeReadingNetwork(networks);
  await rename(network, join(networks, 'net\u001b[31m\u202e.onnx'));
  await rename(network.replace(/\.onnx$/, '.json'), join(networks, 'net\u001b[31m\u202e.json'));
  const server = await serve(t, { recordings, networks: [networks] });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  return { viewer, networks, recordings };
}

describe('names of files', () => {
  it('with controls and marks of direction come spelt out, and the files open', async (t) => {
    const { viewer } = await start(t, ['a\u001b]0;x\u0007\nb\u202ec\u2066.mp4']);
    const hello = await viewer.message('hello');
    const [recording] = hello.recordings;
    const [network] = hello.networks;
    assert.equal(recording!.name, 'a‹U+001B›]0;x‹U+0007›‹U+000A›b‹U+202E›c‹U+2066›');
    assert.ok(!UNSEEN.test(JSON.stringify(hello)));
    viewer.send({
      type: 'open',
      recording: recording!.id,
      network: network!.id,
      methods: ['visualbackprop'],
    });
    const opened = await viewer.openedRecording();
    assert.equal(opened.recording.id, recording!.id);
  });

  it('of 255 bytes open', async (t) => {
    const { viewer } = await start(t, [`${'道'.repeat(83)}ab.mp4`]);
    const {
      recordings: [recording],
      networks: [network],
    } = await viewer.message('hello');
    viewer.send({
      type: 'open',
      recording: recording!.id,
      network: network!.id,
      methods: ['visualbackprop'],
    });
    await viewer.openedRecording();
  });

  it(
    'that are not UTF-8 are listed, and say why they do not open',
    { skip: process.platform !== 'linux' && 'only Linux has such names' },
    async (t) => {
      const { viewer, networks, recordings } = await start(t, [
        Buffer.from('caf\u00e9.mp4', 'latin1'),
        'b.mp4',
      ]);
      await writeFile(Buffer.from(`${networks}/n\u00e9.onnx`, 'latin1'), 'x');
      const {
        recordings: [plain, odd],
        networks: [network],
      } = await viewer.message('hello');
      assert.deepEqual([plain!.name, plain!.error], ['b', null]);
      assert.equal(odd!.name, 'caf\\xe9');
      assert.equal(odd!.error?.message, `caf\\xe9.mp4 has a name that is not UTF-8.`);
      viewer.send({
        type: 'open',
        recording: odd!.id,
        network: network!.id,
        methods: ['visualbackprop'],
      });
      assert.equal((await viewer.message('error')).code, 'INPUT_NOT_FOUND');
      const another = await serve(t, { recordings, networks: [networks] });
      const named = (await another.catalogue.networks()).find(
        ({ summary }) => summary.name === 'n\\xe9',
      );
      assert.match(named!.summary.error!.message, /has a name that is not UTF-8/);
    },
  );
});
