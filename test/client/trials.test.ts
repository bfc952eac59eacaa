import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { Trial } from '../../shared/protocol/network-inputs.ts';
import { feedWords, ownValues, setWords, shortReason } from '../../client/data/network-words.ts';
import { opened } from './support/messages.ts';
import { openViewer } from './support/viewer.ts';

const NUMBER = {
  number: { tensor: 'steering', index: 0, elements: 1, meaning: 'steering' },
  quantity: null,
  unit: 'deg',
  positive: 'left',
} as const;

const tried = (generation: number, trial: Partial<Trial> = {}): ServerMessage => ({
  type: 'tried',
  generation,
  inputs: {},
  output: null,
  ...trial,
  ...NUMBER,
});

async function open(t: TestContext) {
  const viewer = await openViewer(t);
  const asked = async () => (await viewer.server.heard()).filter(({ type }) => type === 'try');
  return { ...viewer, asked };
}

test('what is set by hand is sent, and frames of before are not painted any more', async (t) => {
  const { trials, asked, say, paint, screen } = await open(t);
  assert.equal(trials.isActive, false);
  trials.set('speed', [3]);
  assert.deepEqual(await asked(), [
    { type: 'try', generation: 1, inputs: { speed: [3] }, output: null },
  ]);
  assert.deepEqual([trials.isActive, trials.isPending], [true, true]);
  await paint({ frame: 0, steering: 7, generation: 0 });
  assert.notEqual(screen.painted?.values['steering'], 7);
  await say(tried(1, { inputs: { speed: [3] } }));
  await paint({ frame: 0, steering: 9, generation: 1 });
  assert.equal(screen.painted?.values['steering'], 9);
  assert.equal(trials.isPending, false);
  trials.reset();
  assert.deepEqual(await asked(), [{ type: 'try', generation: 2, inputs: {}, output: null }]);
  await say(tried(2));
  assert.equal(trials.isActive, false);
});

test('changes while the server is at work are sent together when it is done', async (t) => {
  const { trials, asked, say } = await open(t);
  trials.set('speed', [3]);
  trials.set('speed', [4]);
  trials.set('trim', [1, 2]);
  trials.explain({ tensor: 'plan', element: 2 });
  assert.equal((await asked()).length, 1);
  await say(tried(1, { inputs: { speed: [3] } }));
  assert.deepEqual(await asked(), [
    {
      type: 'try',
      generation: 2,
      inputs: { speed: [4], trim: [1, 2] },
      output: { tensor: 'plan', element: 2 },
    },
  ]);
});

test('where the server refuses, all is as it was', async (t) => {
  const { trials, say, errors } = await open(t);
  trials.set('keep', [0]);
  await say({ type: 'error', code: 'MODEL_SHAPE', message: 'No.', hint: 'Look.' }, tried(1));
  assert.deepEqual(trials.wanted, { inputs: {}, output: null });
  assert.equal(trials.isActive, false);
  assert.deepEqual(
    errors.shown.map(({ message }) => message),
    ['No.'],
  );
});

test('what is opened again goes on with what was set, another network without', async (t) => {
  const { trials, asked, say, opener } = await open(t);
  trials.set('speed', [3]);
  await say(tried(1, { inputs: { speed: [3] } }));
  await asked();
  opener.open({ recording: 'a', network: 'net', methods: ['gradient'] });
  await say(opened({ network: { ...opened().network, methods: ['gradient'] } }));
  assert.deepEqual(await asked(), [
    { type: 'try', generation: 2, inputs: { speed: [3] }, output: null },
  ]);
  opener.open({ recording: 'a', network: 'other', methods: ['gradient'] });
  await say(opened({ network: { ...opened().network, id: 'other', methods: ['gradient'] } }));
  assert.deepEqual(await asked(), []);
  assert.equal(trials.isActive, false);
});

test('inputs are told in words, with what stands where nothing is set', () => {
  const signal = {
    name: 'command',
    shape: ['N', 4],
    settable: 1,
    feed: {
      kind: 'signal',
      signals: ['command'],
      unit: null,
      oneHot: 4,
      otherwise: 2,
      note: '',
    },
  } as const;
  assert.equal(feedWords(signal), 'command: one of 4');
  assert.deepEqual(ownValues(signal, { command: [1] }), [1]);
  assert.deepEqual(ownValues(signal, {}), [null]);
  const constant = {
    name: 'traffic',
    shape: [1, 2],
    settable: 2,
    feed: { kind: 'constant', values: [1, 0] },
  } as const;
  assert.deepEqual(ownValues(constant, {}), [1, 0]);
  const picture = {
    kind: 'picture',
    camera: 'left',
    frames: 3,
    step: 2,
    color: 'rgb',
    isExplained: true,
  } as const;
  assert.equal(feedWords({ feed: picture }), '3 pictures of camera left, 2 frames apart');
  assert.equal(setWords({ speed: [3.14159], trim: [1, 2] }), 'speed 3.142 · trim 1, 2');
  assert.equal(shortReason({ message: 'x'.repeat(100) }).length, 90);
});
