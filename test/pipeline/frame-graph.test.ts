import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { attentionScore } from '../../server/attention/score.ts';
import { compile, subjectOf } from '../../server/explain/compile.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { frameGraph } from '../../server/pipeline/frame-graph/frame-graph.ts';
import {
  FRAME,
  ROAD,
  STEERING,
  maskOutput,
  scoreOutput,
} from '../../server/pipeline/frame-graph/names.ts';
import { randomNumbers } from '../support/network.ts';
import { floats, runNetwork } from '../support/onnx-runtime.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const [height, width, batch] = [24, 48, 2];
const pixels = height * width;
const methods = [{ id: 'visualbackprop' }];

/** Bytes as a decoder gives them, with colours that leave the range of RGB in places. */
function codedBytes(planes: number): Uint8Array {
  const random = randomNumbers(9);
  return Uint8Array.from(
    { length: batch * planes * pixels },
    (_, index) => 128 + 110 * Math.sin(index / 31) * random(0.5, 1),
  );
}

const clip = (value: number) => Math.min(255, Math.max(0, value));

/** ITU-R BT.601 and BT.709, limited range, as their equations stand. */
function toRgb(
  y: number,
  cb: number,
  cr: number,
  [kr, kb]: readonly [number, number],
): [number, number, number] {
  const luma = ((y - 16) / 219) * 255;
  const [blue, red] = [((cb - 128) / 224) * 255, ((cr - 128) / 224) * 255];
  const [r, b] = [luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue];
  return [clip(r), clip((luma - kr * r - kb * b) / (1 - kr - kb)), clip(b)];
}

const colors = {
  rgb: (r: number, g: number, b: number) => [r, g, b],
  bgr: (r: number, g: number, b: number) => [b, g, r],
  gray: (r: number, g: number, b: number) => [0.299 * r + 0.587 * g + 0.114 * b],
  yuv: (r: number, g: number, b: number) => {
    const y = 0.299 * r + 0.587 * g + 0.114 * b;
    return [y, 0.492 * (b - y) + 128, 0.877 * (r - y) + 128];
  },
} as const;

for (const color of ['rgb', 'bgr', 'gray', 'yuv'] as const) {
  for (const [tag, matrix] of [
    ['unknown', [0.299, 0.114]],
    ['bt709', [0.2126, 0.0722]],
  ] as const) {
    for (const layout of ['NCHW', 'NHWC'] as const) {
      test(`bytes of a ${tag} video reach a ${layout} network that sees ${color} as the sidecar says`, async (t) => {
        const channels = color === 'gray' ? 1 : 3;
        const [scale, offset] =
          channels === 1
            ? [[1 / 255], [-0.5]]
            : [
                [1 / 255, 1 / 127, 1 / 200],
                [0, -1, 0.25],
              ];
        const sidecar = { roadgaze: 1, kind: 'steering', input: { color, scale, offset } };
        const network = await loadNetwork(
          writeSteeringNetwork(temporaryFolder(t), { layout, channels, height, width, sidecar }),
          'steering',
        );

        const { model, format } = frameGraph(network, methods, tag, true);
        const planes = format.pixelFormat === 'gray' ? 1 : 3;
        const bytes = codedBytes(planes);
        const region = Uint8Array.from({ length: batch * pixels }, (_, index) =>
          index % width < width / 3 ? 255 : 0,
        );
        const found = await runNetwork(model, {
          [FRAME]: new Tensor('uint8', bytes, [batch, planes, pixels]),
          [ROAD]: new Tensor('uint8', region, [batch, pixels]),
        });

        const picture = new Float32Array(batch * channels * pixels);
        for (let image = 0; image < batch; image++) {
          for (let pixel = 0; pixel < pixels; pixel++) {
            const coded = (plane: number) => bytes[(image * planes + plane) * pixels + pixel]!;
            const seen =
              planes === 1
                ? [coded(0)]
                : colors[color](...toRgb(coded(0), coded(1), coded(2), matrix));
            seen.forEach((value, channel) => {
              const at =
                layout === 'NCHW'
                  ? (image * channels + channel) * pixels + pixel
                  : (image * pixels + pixel) * channels + channel;
              picture[at] = value * scale[channel]! + offset[channel]!;
            });
          }
        }
        const dims =
          layout === 'NCHW' ? [batch, channels, height, width] : [batch, height, width, channels];
        const expected = await runNetwork(
          compile(network.model, methods, subjectOf(network.sidecar)),
          { image: floats(dims, picture) },
        );

        for (let image = 0; image < batch; image++) {
          const steering = expected['steering']!.data[image]!;
          assert.ok(
            Math.abs(found[STEERING]!.data[image]! - steering) <
              1e-4 * Math.max(1, Math.abs(steering)),
          );
          const explanation = expected['explanation']!.data.subarray(
            image * pixels,
            (image + 1) * pixels,
          );
          const mask = found[maskOutput('visualbackprop')]!.data.subarray(
            image * pixels,
            (image + 1) * pixels,
          );
          assert.ok(
            explanation.every((value, pixel) => Math.abs(value * 255 - mask[pixel]!) <= 0.5 + 0.05),
            'a mask byte is not the nearest to the explanation',
          );
          const mass = (only: (pixel: number) => boolean) =>
            explanation.reduce((sum, value, pixel) => sum + (only(pixel) ? value : 0), 0);
          const share = mass((pixel) => pixel % width < width / 3) / mass(() => true);
          const { onRoad } = attentionScore(
            found[scoreOutput('visualbackprop')]!.data.subarray(image * 7, (image + 1) * 7),
            pixels,
            true,
          );
          assert.ok(Math.abs(onRoad! - share) < 1e-4, `${onRoad} is not ${share}`);
        }
      });
    }
  }
}

test('a grey network on a video of BT.601 luma is handed one plane, any other three', async (t) => {
  const gray = await loadNetwork(
    writeSteeringNetwork(temporaryFolder(t), { sidecar: { roadgaze: 1, kind: 'steering' } }),
    'steering',
  );
  assert.equal(frameGraph(gray, methods, 'smpte170m', false).format.pixelFormat, 'gray');
  assert.equal(frameGraph(gray, methods, 'bt709', false).format.pixelFormat, 'yuv444p');
});

test('scaling of the picture is folded into the first convolution', async (t) => {
  const sidecar = { roadgaze: 1, kind: 'steering', input: { scale: 1 / 127.5, offset: -1 } };
  const network = await loadNetwork(
    writeSteeringNetwork(temporaryFolder(t), { sidecar }),
    'steering',
  );
  const { model } = frameGraph(network, methods, 'unknown', false);
  const path = model.nodes
    .slice(0, model.nodes.findIndex((node) => node.op === 'Conv') + 1)
    .map((node) => node.op);
  assert.deepEqual(path, ['Cast', 'Reshape', 'Conv']);
});

test('colour that the sidecar says and the graph contradicts is refused', async (t) => {
  const sidecar = { roadgaze: 1, kind: 'steering', input: { color: 'rgb' } };
  const network = await loadNetwork(
    writeSteeringNetwork(temporaryFolder(t), { channels: 1, sidecar }),
    'steering',
  );
  assert.throws(() => frameGraph(network, methods, 'unknown', false), {
    code: 'SIDECAR_INVALID',
    message: /input\.color "rgb", but the picture "image" has 1 channels/,
  });
});
