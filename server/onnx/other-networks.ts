import { readdir } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { hasBytes, looksLikeVideo, readFileHead, zipNames } from '../files/file-head.ts';

/** What a file is that somebody gave as a network, and what makes an ONNX file of it. */
interface OtherNetwork {
  readonly title: string;
  readonly matches: (head: Buffer, ending: string) => boolean;
  readonly hint: (path: string, onnx: string) => string;
}

const fromProgram = () =>
  'Export it from the program that made it: torch.onnx.export(model, example, "network.onnx").';
const fromOriginal = () =>
  'It is made for one kind of device and cannot be turned back: export the network that it was made from as ONNX.';
const isZipWith = (head: Buffer, name: RegExp) =>
  hasBytes(head, 'PK\u0003\u0004') && zipNames(head).some((each) => name.test(each));

const KERAS = /^(config\.json|model\.weights\.h5)$/;

const FILES: readonly OtherNetwork[] = [
  {
    title: 'a Keras network (HDF5)',
    matches: (head) => hasBytes(head, '\u0089HDF\r\n'),
    hint: (path, onnx) => `Convert it: python -m tf2onnx.convert --keras ${path} --output ${onnx}`,
  },
  {
    title: 'a Keras 2 network',
    matches: (head) =>
      isZipWith(head, KERAS) && /"keras_version": ?"2\./.test(head.toString('latin1')),
    hint: (path, onnx) =>
      `Convert it: TF_USE_LEGACY_KERAS=1 python -m tf2onnx.convert --keras ${path} --output ${onnx}`,
  },
  {
    title: 'a Keras network',
    matches: (head) => isZipWith(head, KERAS),
    hint: (path, onnx) =>
      `Convert it: python -c "import keras; m = keras.saving.load_model('${path}'); m(keras.ops.zeros((1, *m.input_shape[1:]))); m.export('${onnx}', format='onnx')"`,
  },
  {
    title: 'a TensorFlow Lite network',
    matches: (head) => hasBytes(head, 'TFL3', 4),
    hint: (path, onnx) => `Convert it: python -m tf2onnx.convert --tflite ${path} --output ${onnx}`,
  },
  {
    title: 'a TorchScript network',
    matches: (head) => isZipWith(head, /(^|\/)(constants\.pkl|code\/)/),
    hint: (path, onnx) =>
      `Convert it, with the size of its picture: python -c "import torch; torch.onnx.export(torch.jit.load('${path}'), (torch.zeros(1, 3, 66, 200),), '${onnx}', dynamo=False)"`,
  },
  {
    title: 'a Snapdragon network (DLC)',
    matches: (head, ending) =>
      ending === 'dlc' || isZipWith(head, /^(dlc\.metadata|model\.params)$/),
    hint: fromOriginal,
  },
  {
    title: 'weights of PyTorch without the network',
    matches: (head) =>
      isZipWith(head, /(^|\/)data\.pkl$/) || (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5),
    hint: fromProgram,
  },
  {
    title: 'weights without the network (safetensors)',
    matches: (head) =>
      head.length > 9 && head.readUInt32LE(4) === 0 && head[8] === 0x7b && head[9] === 0x22,
    hint: fromProgram,
  },
  {
    title: 'a TensorRT engine',
    matches: (head, ending) =>
      hasBytes(head, 'ptrt') ||
      hasBytes(head, 'ftrt') ||
      ['engine', 'plan', 'trt'].includes(ending),
    hint: fromOriginal,
  },
  { title: 'a Core ML network', matches: (_, ending) => ending === 'mlmodel', hint: fromOriginal },
  {
    title: 'an OpenVINO network',
    matches: (head) => /^\s*<\?xml[^>]*>\s*<net\b/.test(head.toString('latin1', 0, 500)),
    hint: fromOriginal,
  },
  {
    title: 'a TensorFlow graph',
    matches: (_, ending) => ending === 'pb',
    hint: (path, onnx) =>
      `Convert it, with the names of its tensors: python -m tf2onnx.convert --graphdef ${path} --inputs image:0 --outputs steering:0 --output ${onnx}`,
  },
  {
    title: 'a video and not a network',
    matches: looksLikeVideo,
    hint: () => 'Name the recording first, and the network with --model.',
  },
  {
    title: 'a picture and not a network',
    matches: (head) => hasBytes(head, '\u00ff\u00d8\u00ff') || hasBytes(head, '\u0089PNG'),
    hint: () => 'Name the recording or picture first, and the network with --model.',
  },
  {
    title: 'a sidecar and not a network',
    matches: (head) => /^\s*\{/.test(head.toString('utf8', 0, 200)) && head.includes('"roadgaze"'),
    hint: (_, onnx) => `Name the network itself, ${onnx}; its sidecar is found beside it.`,
  },
];

const FOLDERS: readonly {
  readonly title: string;
  readonly holds: string;
  readonly hint: OtherNetwork['hint'];
}[] = [
  {
    title: 'a TensorFlow SavedModel',
    holds: 'saved_model.pb',
    hint: (path, onnx) =>
      `Convert it: python -m tf2onnx.convert --saved-model ${path} --output ${onnx}`,
  },
  { title: 'a Core ML network', holds: 'Manifest.json', hint: fromOriginal },
];

/**
 * Names what is no ONNX model but a network of another kind, or none at all, and what to do. Throws
 * MODEL_UNREADABLE.
 */
export async function refuseOtherNetwork(path: string): Promise<void> {
  const ending = extname(path).slice(1).toLowerCase();
  const onnx = `${ending ? path.slice(0, -ending.length - 1) : path.replace(/\/+$/, '')}.onnx`;
  const found = await recognise(path, ending);
  if (found)
    throw new RoadgazeError(
      'MODEL_UNREADABLE',
      `${basename(path)} is ${found.title}, and no ONNX file.`.replace(
        ' and not a network, and no ONNX file',
        ', not a network',
      ),
      found.hint(path, onnx),
    );
}

/**
 * What is to be said of a file that ends as those of other programs, or of a folder; null of one
 * that is no network.
 * Data sets are kept in HDF5 as well: of that only what Keras wrote counts.
 */
export async function otherNetworkFault(path: string): Promise<RoadgazeError | null> {
  const head = (await readFileHead(path)) ?? Buffer.alloc(0);
  const isData =
    hasBytes(head, '\u0089HDF\r\n') &&
    !/keras|model_weights|layer_names/.test(head.toString('latin1'));
  if (isData) return null;
  return refuseOtherNetwork(path).then(
    () => null,
    (error: unknown) => {
      if (error instanceof RoadgazeError) return error;
      throw error;
    },
  );
}

async function recognise(
  path: string,
  ending: string,
): Promise<Pick<OtherNetwork, 'title' | 'hint'> | undefined> {
  const names = await readdir(path).catch(() => null);
  if (names) return FOLDERS.find(({ holds }) => names.includes(holds));
  const head = await readFileHead(path);
  return head && head.length > 0 ? FILES.find(({ matches }) => matches(head, ending)) : undefined;
}
