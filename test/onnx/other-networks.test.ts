import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadModel } from '../../server/onnx/load-model.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { zipOf } from '../support/zip.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

const others: readonly (readonly [
  title: string,
  name: string,
  content: Buffer,
  says: RegExp,
  advises: RegExp,
])[] = [
  [
    'Keras in HDF5',
    'net.h5',
    bytes('\u0089HDF\r\n\u001a\n'),
    /^net\.h5 is a Keras network \(HDF5\), and no ONNX file\.$/,
    /tf2onnx\.convert --keras .*net\.h5 --output .*net\.onnx$/,
  ],
  [
    'Keras of version 3',
    'net.keras',
    zipOf(['metadata.json', 'config.json', 'model.weights.h5']),
    /a Keras network/,
    /format='onnx'/,
  ],
  [
    'Keras of version 2',
    'net.keras',
    Buffer.concat([
      zipOf(['metadata.json']),
      bytes('{"keras_version": "2.15.0", "date_saved": "2024-05-01@10:00:00"}'),
      zipOf(['config.json', 'model.weights.h5']),
    ]),
    /a Keras 2 network/,
    /: TF_USE_LEGACY_KERAS=1 python -m tf2onnx\.convert --keras .*net\.keras --output .*net\.onnx$/,
  ],
  [
    'TensorFlow Lite',
    'net.tflite',
    bytes('\u0020\0\0\0TFL3'),
    /a TensorFlow Lite network/,
    /tf2onnx\.convert --tflite .*net\.tflite --output .*net\.onnx$/,
  ],
  [
    'TorchScript',
    'net.pt',
    zipOf(['net/data.pkl', 'net/code/__torch__.py', 'net/constants.pkl']),
    /a TorchScript network/,
    /torch\.jit\.load\('.*net\.pt'\)/,
  ],
  [
    'weights of PyTorch',
    'net.pth',
    zipOf(['archive/data.pkl', 'archive/data/0']),
    /weights of PyTorch/,
    /torch\.onnx\.export/,
  ],
  [
    'old weights of PyTorch',
    'net.pth',
    bytes('\u0080\u0002\u008a\n'),
    /weights of PyTorch/,
    /torch\.onnx\.export/,
  ],
  [
    'Core ML',
    'net.mlmodel',
    bytes('\b\u0004'),
    /a Core ML network/,
    /export the network that it was made from/,
  ],
  [
    'a TensorRT engine',
    'net.engine',
    bytes('ptrt\0\0'),
    /a TensorRT engine/,
    /export the network that it was made from/,
  ],
  [
    'DLC',
    'net.dlc',
    zipOf(['model', 'dlc.metadata']),
    /a Snapdragon network/,
    /export the network/,
  ],
  ['a frozen graph', 'net.pb', bytes('\n\u0020'), /a TensorFlow graph/, /--graphdef/],
  [
    'a picture',
    'road.jpg',
    bytes('\u00ff\u00d8\u00ff\u00e0'),
    /^road\.jpg is a picture, not a network\.$/,
    /--model/,
  ],
  [
    'a sidecar',
    'net.json',
    bytes('{"roadgaze":1,"kind":"steering"}'),
    /^net\.json is a sidecar, not a network\.$/,
    /net\.onnx/,
  ],
];

for (const [title, name, content, says, advises] of others) {
  test(`${title} given as the network is named, with what to do`, async (t) => {
    const path = join(temporaryFolder(t), name);
    writeFileSync(path, content);
    await assert.rejects(loadModel(path), {
      code: 'MODEL_UNREADABLE',
      message: says,
      hint: advises,
    });
  });
}

test('a SavedModel folder is named, with the command that converts it', async (t) => {
  const path = join(temporaryFolder(t), 'saved');
  mkdirSync(path);
  writeFileSync(join(path, 'saved_model.pb'), 'x');
  await assert.rejects(loadModel(path), {
    code: 'MODEL_UNREADABLE',
    message: 'saved is a TensorFlow SavedModel, and no ONNX file.',
    hint: `Convert it: python -m tf2onnx.convert --saved-model ${path} --output ${path}.onnx`,
  });
});

test('a video given as the network is said to be one', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['drive.mp4', 'drive.mkv', 'drive.avi', 'drive.ts', 'drive.h264']) {
    await assert.rejects(loadModel(await makeNumberedClip(join(folder, name), { frames: 3 })), {
      code: 'MODEL_UNREADABLE',
      message: `${name} is a video, not a network.`,
      hint: /--model/,
    });
  }
});
