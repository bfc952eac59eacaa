import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { loadModel, type OnWeights } from '../onnx/load-model.ts';
import type { Model } from '../onnx/graph.ts';
import { withBins } from './bins.ts';
import { withByHand, type ByHand } from './by-hand.ts';
import { withConstants } from './constant-inputs.ts';
import { imageInput, type ImageInput } from './explained-output.ts';
import { shownOutput, type ShownOutput } from './explained-number.ts';
import type { FrameStack } from './frame-stack.ts';
import { withPlainPictures, type PictureAxes } from './picture-axes.ts';
import { networkPictures, ofCamera, type NetworkPicture } from './network-pictures.ts';
import { networkPorts, type NetworkPorts } from './network-ports.ts';
import { settled } from './settled-network.ts';
import { stateInputs, withoutBatch, type StateInput } from './state-inputs.ts';
import { signalInputs, withBatchOfPicture, type SignalInput } from './signal-inputs.ts';
import { parseSidecar, type Sidecar } from './sidecar.ts';

/**
 * A network as it lies on disk, settled so that its answer to a picture depends on nothing else,
 * and what its sidecar says.
 */
export interface NetworkFile extends NetworkInfo {
  readonly model: Model;
  /** Of those of its pictures whose axes are not plain in the file. */
  readonly axes: readonly PictureAxes[];
}

/** What is known of a network without its graph. */
export interface NetworkInfo {
  readonly path: string;
  /** For messages: the file's name. */
  readonly source: string;
  readonly name: string;
  /** The picture that is explained. Throws MODEL_INPUT_UNCLEAR, MODEL_SHAPE. */
  readonly image: ImageInput;
  /** What that is put together from. Throws as `image`, and SIDECAR_INVALID. */
  readonly stack: FrameStack;
  /** All pictures, that one first. Throws as `stack`. */
  readonly pictures: readonly NetworkPicture[];
  /** Throws MODEL_*. */
  readonly shown: ShownOutput;
  /** Whether a batch must hold one picture only: its answer depends on what else is in it. */
  readonly alone: boolean;
  /** Inputs that are fed with the log, anew for every frame. */
  readonly signals: readonly SignalInput[];
  /** Inputs that are fed with what the network gave for the frame before. */
  readonly states: readonly StateInput[];
  /** What it takes and gives. Throws as `stack`. */
  readonly ports: NetworkPorts;
  /** SHA-256 of the ONNX file, hex. */
  readonly digest: string;
  readonly sidecar: Sidecar;
  /** Left out: it is fed and explained as the sidecar says. */
  readonly byHand?: ByHand | undefined;
  /** What was done to the network so that its answers hold, as part of the assumptions. */
  readonly notes: readonly string[];
  /**
   * What was taken for granted because no sidecar says otherwise, and what was done to the network;
   * plain sentences.
   */
  readonly assumptions: readonly string[];
}

/**
 * Loads `<model>.onnx` with its sidecar: `<model>.json` beside it, else the ONNX metadata under
 * `roadgaze`, else assumptions that are told. Throws INPUT_NOT_FOUND, INPUT_EMPTY, MODEL_*,
 * SIDECAR_INVALID. Of several pictures the one of `camera` is explained, else the first one.
 * `propose` gives a sidecar where there is none.
 */
export async function loadNetwork(
  path: string,
  kind: Sidecar['kind'],
  onWeights?: OnWeights,
  camera?: string,
  byHand?: ByHand,
  propose?: (model: Model) => Sidecar,
): Promise<NetworkFile> {
  const { model, bytes } = await loadModel(path, onWeights);
  const found = (await findSidecar(path, model)) ?? propose?.(model) ?? null;
  if (found && found.kind !== kind) {
    throw new RoadgazeError(
      'SIDECAR_INVALID',
      `${basename(path)} is a "${found.kind}" network by its sidecar, but a "${kind}" network is needed here.`,
      'Give another network, or correct "kind" in the sidecar.',
    );
  }
  const own = ofCamera(found ?? { roadgaze: 1, kind }, camera);
  const {
    model: plain,
    sidecar,
    axes,
  } = withPlainPictures(model, byHand ? withByHand(own, model, byHand) : own);
  const fed = withoutBatch(withBatchOfPicture(withConstants(plain, sidecar), sidecar), sidecar);
  const { model: apart, alone, notes } = settled(fed, sidecar);
  const itself = withBins(apart, sidecar);
  const sidecarNotes = found
    ? []
    : [
        `${basename(path)} has no sidecar: it is taken to see the whole frame as bytes 0 to 255, and to give a number of unknown unit.`,
      ];
  const signals = signalInputs(itself, sidecar);
  const states = stateInputs(itself, sidecar);
  const network: NetworkFile = {
    path,
    source: model.source,
    model: itself,
    axes,
    alone,
    signals,
    states,
    notes,
    sidecar,
    byHand,
    get image() {
      return imageInput(itself, sidecar.input?.tensor ?? null);
    },
    get stack() {
      return network.pictures[0]!.stack;
    },
    get pictures() {
      return networkPictures(itself, sidecar, axes);
    },
    get ports() {
      return networkPorts(model, own, { pictures: network.pictures, states });
    },
    get shown() {
      return shownOutput(itself, sidecar);
    },
    name: found?.name ?? basename(path, extname(path)),
    digest: createHash('sha256').update(bytes).digest('hex'),
    get assumptions() {
      return [...notes, ...pictureNotes(network), ...states.map(stateNote), ...sidecarNotes];
    },
  };
  return network;
}

function stateNote({ name, warmUp, feed }: StateInput): string {
  const from = [feed.state].flat().map((source) => JSON.stringify(source));
  return `${JSON.stringify(name)} is what ${from.join(' and ')} ${from.length > 1 ? 'were' : 'was'} for the frame before. Where a frame is sought, ${warmUp === 0 ? 'it begins anew with that frame' : `it begins anew ${warmUp} frames before`}.`;
}

/** Nothing where the pictures cannot be read: whoever needs them says so. */
function pictureNotes(network: Pick<NetworkFile, 'axes' | 'pictures'>): readonly string[] {
  try {
    return [...network.axes, ...network.pictures.map(({ stack }) => stack)].flatMap(({ note }) =>
      note === null ? [] : [note],
    );
  } catch (error) {
    if (error instanceof RoadgazeError) return [];
    throw error;
  }
}

/** Names of the inputs that are fed beside the picture that is explained. */
export function fedInputs({
  signals,
  states,
  pictures,
}: Pick<NetworkInfo, 'signals' | 'states' | 'pictures'>): readonly { readonly name: string }[] {
  return [...signals, ...states, ...pictures.map(({ image }) => image)];
}

/**
 * Plain data, which can go to another thread or process. Throws MODEL_INPUT_UNCLEAR, MODEL_SHAPE.
 */
export function infoOf({
  path,
  source,
  name,
  image,
  stack,
  pictures,
  shown,
  alone,
  signals,
  states,
  ports,
  notes,
  digest,
  sidecar,
  byHand,
  assumptions,
}: NetworkFile): NetworkInfo {
  return {
    path,
    source,
    name,
    image,
    stack,
    pictures,
    shown,
    alone,
    signals,
    states,
    ports,
    notes,
    digest,
    sidecar,
    byHand,
    assumptions,
  };
}

async function findSidecar(path: string, model: Model): Promise<Sidecar | null> {
  const beside = path.slice(0, path.length - extname(path).length) + '.json';
  let text: string | null = null;
  try {
    text = await readFile(beside, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new RoadgazeError(
        'SIDECAR_INVALID',
        `The sidecar ${basename(beside)} cannot be read.`,
        'Check its permissions.',
        { cause: error },
      );
  }
  if (text !== null) return parseSidecar(text, basename(beside));
  const embedded = model.metadata.get('roadgaze');
  return embedded === undefined
    ? null
    : parseSidecar(embedded, `in the metadata of ${basename(path)}`);
}
