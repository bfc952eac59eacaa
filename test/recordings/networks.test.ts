import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { parseSidecar } from '../../server/inference/sidecar.ts';
import { repositoryRoot } from '../support/paths.ts';

const folder = join(repositoryRoot, 'recordings/networks');

/**
 * Input [C, H, W] and output [C, H, W] or [C] of one sample, and which sidecar fields each network
 * needs.
 */
const networks = [
  { name: 'pilotnet', kind: 'steering', input: [3, 66, 200], tensor: 'steering', output: [1] },
  {
    name: 'pilotnet-shortcut',
    kind: 'steering',
    input: [3, 66, 200],
    tensor: 'steering',
    output: [1],
  },
  {
    name: 'road-segmentation',
    kind: 'road',
    input: [3, 72, 128],
    tensor: 'road',
    output: [1, 72, 128],
  },
] as const;

type Json = { readonly [field: string]: unknown };

function sidecarOf(name: string): Json {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Json;
}

function object(value: unknown): Json {
  assert.ok(typeof value === 'object' && value !== null);
  return value as Json;
}

/** Values that differ from sample to sample and pixel to pixel, in 0..1. */
function pattern(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => ((index * 2654435761) % 4096) / 4096);
}

for (const { name, kind, input, tensor, output } of networks) {
  const model = join(folder, `${name}.onnx`);

  test(`${name} is smaller than 2 MB`, () => {
    assert.ok(statSync(model).size < 2e6);
  });

  test(`${name} gives each sample of a batch what it gives that sample alone`, async () => {
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
    assert.deepEqual([...session.inputNames], ['image']);
    assert.deepEqual([...session.outputNames], [tensor]);
    const size = input.reduce<number>((product, length) => product * length, 1);
    const bytes = pattern(3 * size).map((value) => value * (kind === 'steering' ? 255 : 1));
    const run = async (values: Float32Array, count: number) => {
      const result = await session.run({ image: new Tensor('float32', values, [count, ...input]) });
      const steering = result[tensor];
      assert.ok(steering);
      assert.deepEqual([...steering.dims], [count, ...output]);
      return [...(steering.data as Float32Array)];
    };
    const together = await run(bytes, 3);
    const alone: number[] = [];
    for (let sample = 0; sample < 3; sample++)
      alone.push(...(await run(bytes.slice(sample * size, (sample + 1) * size), 1)));
    for (const [index, value] of together.entries()) {
      assert.ok(Number.isFinite(value));
      assert.ok(Math.abs(value - (alone[index] as number)) < 1e-4);
    }
  });

  test(`${name} has a sidecar of known fields and values`, () => {
    const sidecar = parseSidecar(
      readFileSync(join(folder, `${name}.json`), 'utf8'),
      `${name}.json`,
    );
    assert.equal(sidecar.kind, kind);
    assert.equal(sidecar.input?.tensor, 'image');
    assert.equal(sidecar.input.resize, 'area');
    assert.equal(sidecar.output?.tensor, tensor);
  });
}

for (const name of ['pilotnet', 'pilotnet-shortcut']) {
  test(`${name} says that it sees the crop of the training sets in YUV bytes and steers in radians, left positive`, () => {
    const sidecar = sidecarOf(name);
    const { crop, color, scale, offset } = object(sidecar['input']);
    assert.deepEqual(
      crop,
      JSON.parse(readFileSync(join(repositoryRoot, 'recordings/scene/crop.json'), 'utf8')),
    );
    assert.deepEqual({ color, scale, offset }, { color: 'yuv', scale: 1, offset: 0 });
    const output = object(sidecar['output']);
    assert.equal(output['quantity'], 'angle');
    assert.equal(output['unit'], 'rad');
    assert.equal(output['positive'], 'left');
    assert.equal(typeof output['scale'], 'number');
  });
}

test('road-segmentation says that it sees the whole frame in RGB from 0 to 1 and calls 0.5 and more road', () => {
  const { input, output } = sidecarOf('road-segmentation');
  const { crop, color, scale, offset } = object(input);
  assert.equal(crop, undefined);
  assert.deepEqual({ color, scale, offset }, { color: 'rgb', scale: 1 / 255, offset: 0 });
  assert.equal(object(output)['threshold'], 0.5);
});
