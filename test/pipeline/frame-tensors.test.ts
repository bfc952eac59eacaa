import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { explainTensor } from '../../server/pipeline/explain-tensor.ts';
import { picturePlan } from '../../server/pipeline/picture-plan.ts';
import { tensorsOfFrames } from '../../server/pipeline/frame-tensors.ts';
import { pictureColors } from '../../server/pipeline/picture-colors.ts';
import { imageInput } from '../../server/inference/explained-output.ts';
import { randomNumbers } from '../support/network.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const wish = { provider: 'cpu', workers: 1 } as const;

for (const layout of ['NCHW', 'NHWC'] as const) {
  for (const [color, colorSpace] of [
    ['gray', 'bt470bg'],
    ['gray', 'bt709'],
    ['rgb', 'bt709'],
    ['bgr', 'unknown'],
    ['yuv', 'smpte170m'],
  ] as const) {
    test(`the picture of a frame makes the network steer as the frame itself does: ${layout}, ${color}, ${colorSpace}`, async (t) => {
      const channels = color === 'gray' ? 1 : 3;
      const sidecar = {
        roadgaze: 1,
        kind: 'steering',
        input: { color, scale: 1 / 127.5, offset: -1 },
      };
      const modelPath = writeSteeringNetwork(temporaryFolder(t), { layout, channels, sidecar });
      const network = await loadNetwork(modelPath, 'steering');
      const {
        images: [format],
        read,
      } = tensorsOfFrames(network, colorSpace);
      const explainer = await openStreamExplainer({
        modelPath,
        road: { kind: 'none' },
        video: { width: 96, height: 48, colorSpace },
        wish,
      });
      t.after(() => explainer.close());
      assert.deepEqual(format, explainer.images[0]);
      const random = randomNumbers(5);
      const bytes = Uint8Array.from(
        { length: (format!.pixelFormat === 'gray' ? 1 : 3) * format!.width * format!.height },
        () => 60 + random(0, 120),
      );
      const { picture } = await read([bytes.slice()]);
      const [explained] = await explainTensor({
        modelPath,
        methods: [{ id: 'visualbackprop' }],
        target: '+',
        picture,
        wish,
      });
      const { steering } = await explainer.explain([bytes], 0);
      assert.ok(
        Math.abs(explained!.steering - steering) < 1e-4 * Math.max(1, Math.abs(steering)),
        `${explained!.steering}, the frame ${steering}`,
      );
    });
  }
}

for (const color of ['gray', 'rgb', 'bgr', 'yuv'] as const) {
  test(`a person is shown the colours that a ${color} network was given`, async (t) => {
    const channels = color === 'gray' ? 1 : 3;
    const modelPath = writeSteeringNetwork(temporaryFolder(t), {
      channels,
      height: 24,
      width: 48,
      sidecar: { roadgaze: 1, kind: 'steering', input: { color, scale: 0.5, offset: 3 } },
    });
    const network = await loadNetwork(modelPath, 'steering');
    const { read } = tensorsOfFrames(network, 'unknown');
    // Y, Cb, Cr of BT.601 in limited range for the colour (200, 80, 40); grey takes the luma in
    // full range.
    const luma = 0.299 * 200 + 0.587 * 80 + 0.114 * 40;
    const coded =
      color === 'gray'
        ? [luma]
        : [
            16 + (219 / 255) * luma,
            128 + (224 / 255) * ((40 - luma) / 1.772),
            128 + (224 / 255) * ((200 - luma) / 1.402),
          ];
    const bytes = Uint8Array.from({ length: coded.length * 24 * 48 }, (_, index) =>
      Math.round(coded[Math.floor(index / (24 * 48))]!),
    );
    const rgb = pictureColors(
      network,
      imageInput(network.model, null),
      (await read([bytes])).picture,
    );
    const expected = color === 'gray' ? [luma, luma, luma] : [200, 80, 40];
    expected.forEach((value, channel) =>
      assert.ok(Math.abs(rgb[channel]! - value) <= 2, `${[...rgb.subarray(0, 3)]}`),
    );
  });
}

test('a stack that reaches back over more than memory holds is refused', () => {
  const pixels = 480 * 270;
  const planOf = (step: number) => {
    const stack = { count: 10, step, newestFirst: false, channels: 3, note: null };
    const image = {
      name: 'image',
      layout: 'NCHW',
      channels: 30,
      height: 270,
      width: 480,
      type: 1,
      batch: null,
    } as const;
    return picturePlan({ source: 'wide.onnx', pictures: [{ image, stack, fields: {} }] }, [
      {
        input: 'frame',
        planes: 30,
        pixels,
        camera: null,
        format: {
          crop: null,
          width: 480,
          height: 270,
          pixelFormat: 'yuv444p',
          resize: 'area',
        },
      },
    ]);
  };
  // 9 × 76 frames of 388,800 bytes are 266 MB, 9 × 77 are 269.
  assert.equal(planOf(76).reach, 684);
  assert.throws(() => planOf(77), {
    code: 'SIDECAR_INVALID',
    message: /^wide\.onnx looks back over 693 frames, which take 2\d\d MB of memory; the limit is/,
  });
});
