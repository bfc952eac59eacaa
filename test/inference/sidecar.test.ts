import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseSidecar } from '../../server/inference/sidecar.ts';
import { sharedFolder } from '../support/paths.ts';

const valid = { roadgaze: 1, kind: 'steering' };
const parse = (value: unknown) =>
  parseSidecar(typeof value === 'string' ? value : JSON.stringify(value), 'net.json');

test('a sidecar needs nothing but its version and kind', () => {
  assert.deepEqual(parse(valid), valid);
});

const wrong: readonly (readonly [what: string, value: unknown, sentence: RegExp])[] = [
  ['text that is not JSON', '{ "roadgaze": 1,', /net\.json is not JSON/],
  ['a list', [], /net\.json is not a JSON object/],
  ['another version', { ...valid, roadgaze: 3 }, /wrong "roadgaze": it must be 1 or 2/],
  ['an unknown kind', { ...valid, kind: 'speed' }, /wrong "kind": it must be "steering" or "road"/],
  ['an unknown field', { ...valid, crop: {} }, /unknown field "crop"/],
  [
    'an unknown nested field',
    { ...valid, input: { colour: 'rgb' } },
    /unknown field "input\.colour"/,
  ],
  [
    'a wrong colour',
    { ...valid, input: { color: 'grey' } },
    /wrong "input\.color": it must be "gray" or "rgb" or "bgr" or "yuv"/,
  ],
  [
    'a crop without its frame',
    { ...valid, input: { crop: { x: 0, y: 0, width: 10, height: 10 } } },
    /lacks "input\.crop\.of"/,
  ],
  [
    'an empty crop',
    { ...valid, input: { crop: { x: 0, y: 0, width: 0, height: 10, of: [20, 20] } } },
    /wrong "input\.crop\.width"/,
  ],
  ['a scale that is text', { ...valid, input: { scale: '1' } }, /wrong "input\.scale"/],
  [
    'a threshold on a steering network',
    { ...valid, output: { threshold: 0.5 } },
    /output\.threshold, which only a "road" network has/,
  ],
];

for (const [what, value, sentence] of wrong) {
  test(`${what} is refused, and the field is named`, () => {
    assert.throws(() => parse(value), { code: 'SIDECAR_INVALID', message: sentence });
  });
}

test(
  'the sidecars of the real networks are read',
  { skip: sharedFolder ? false : '../shared is not here' },
  async () => {
    for (const name of ['nethvf', 'pilotnet-elu', 'lane-segmentation']) {
      assert.equal(
        parseSidecar(await readFile(join(sharedFolder!, 'real', `${name}.json`), 'utf8'), name)
          .roadgaze,
        1,
      );
    }
  },
);
