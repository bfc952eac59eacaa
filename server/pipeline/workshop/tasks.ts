import { filesVersion } from '../../files/files-version.ts';
import { basename, extname } from 'node:path';
import { reportOf, type ErrorReport } from '../../../shared/errors.ts';
import type { Target } from '../../../shared/explanations.ts';
import type { Size } from '../../../shared/geometry.ts';
import type { Grid } from '../../attention/region-graph.ts';
import type { StreamedChoice } from '../frame-graph/names.ts';
import { compile, subjectOf } from '../../explain/compile.ts';
import type { MethodChoice } from '../../explain/method-options.ts';
import type { RandomLayers } from '../../explain/random-weights.ts';
import { withoutBins } from '../../inference/bins.ts';
import type { ByHand } from '../../inference/by-hand.ts';
import { ownOutputs, type ImageInput } from '../../inference/explained-output.ts';
import {
  infoOf,
  loadNetwork,
  type NetworkFile,
  type NetworkInfo,
} from '../../inference/network-file.ts';
import { withOwnAxes } from '../../inference/picture-axes.ts';
import type { ChainLink } from '../../inference/session-chain.ts';
import type { Sidecar } from '../../inference/sidecar.ts';
import {
  proposeSidecar,
  type Preset,
  type ProposedSidecar,
} from '../../inference/propose-sidecar.ts';
import { camerasBeside } from '../../inference/network-pictures.ts';
import { loadModel, type OnWeights } from '../../onnx/load-model.ts';
import { demandOf } from '../../onnx/demand.ts';
import { keepOnly, type Model, type Shape } from '../../onnx/graph.ts';
import { inferKnownShapes } from '../../onnx/infer-shapes.ts';
import { writeModel } from '../../onnx/write-model.ts';
import type { ImageFormat, VideoInfo } from '../../video/frame-source.ts';
import { answerGraph } from '../frame-graph/answer-graph.ts';
import { frameGraph, type PictureBytes } from '../frame-graph/frame-graph.ts';
import { checkCrop } from '../frame-graph/picture-format.ts';
import { roadModelGraph } from '../frame-graph/road-graph.ts';
import { graphOnFloats, layersWithWeights, withRandomLayers } from '../passes-graph.ts';
import { checkUsable } from './usable-network.ts';
import { isFullyKnown, tryToRun } from './trial-run.ts';
import { networkSupport, type NetworkSupport } from './network-support.ts';

/**
 * All that reads, shapes or rewrites a network that somebody brought. It runs in a process of its
 * own, because a network may ask for any amount of time and memory: see `workshop.ts`. Requests and
 * results are plain data.
 */
export const tasks = { listing, info, frames, road, passes, compiled, sidecar, support } as const;

export type Tasks = typeof tasks;

/**
 * A file as a list shows it: one that is neither kind of network counts as one that steers, and has
 * an error.
 */
export interface Listing {
  readonly kind: Sidecar['kind'];
  readonly name: string;
  readonly error: ErrorReport | null;
}

/** A compiled graph, ready to be a link of a chain. */
export type CompiledLink = Pick<ChainLink, 'source' | 'demand' | 'nodes'> & {
  readonly model: Uint8Array;
};

async function listing({ path }: { readonly path: string }): Promise<Listing> {
  let error: unknown;
  for (const kind of ['steering', 'road'] as const) {
    try {
      const network = await load(path, kind);
      const { name } = network;
      try {
        checkUsable(network);
        return { kind, name, error: null };
      } catch (cause) {
        return { kind, name, error: reportOf(cause) };
      }
    } catch (cause) {
      error ??= cause;
    }
  }
  return { kind: 'steering', name: basename(path, extname(path)), error: reportOf(error) };
}

async function info({
  path,
  kind,
  camera,
  byHand,
}: {
  readonly path: string;
  readonly kind: Sidecar['kind'];
  readonly camera?: string | undefined;
  readonly byHand?: ByHand | undefined;
}): Promise<NetworkInfo> {
  return infoOf(await load(path, kind, camera, byHand));
}

/** What the graph of a video must know of it. */
export type GraphVideo = Pick<VideoInfo, 'width' | 'height' | 'colorSpace'>;

interface FramesRequest {
  readonly path: string;
  readonly methods: readonly StreamedChoice[];
  readonly video: GraphVideo;
  /** Id of the camera that this is of. */
  readonly camera?: string | undefined;
  readonly byHand?: ByHand | undefined;
  /** Of other cameras, by their ids. */
  readonly beside?: Readonly<Record<string, GraphVideo>>;
  readonly scored: boolean;
  /** The network alone, too. */
  readonly answering?: boolean;
}

interface CompiledFrames {
  readonly missing: null;
  readonly network: NetworkInfo;
  readonly link: CompiledLink;
  readonly format: ImageFormat;
  readonly pictures: readonly PictureBytes[];
  readonly compared: readonly string[];
  /** The network alone, where that was asked for. */
  readonly answer: CompiledLink | null;
}

/**
 * The frame graph of a network, or the cameras that it sees and `beside` has not. Throws
 * CROP_OUTSIDE_FRAME and what `frameGraph` throws.
 */
async function frames({
  path,
  methods,
  video,
  camera,
  byHand,
  beside = {},
  scored,
  answering = false,
}: FramesRequest): Promise<CompiledFrames | { readonly missing: readonly string[] }> {
  const network = await load(path, 'steering', camera, byHand);
  const missing = camerasBeside(network).filter((each) => !Object.hasOwn(beside, each));
  if (missing.length > 0) return { missing };
  const videoOf = (id: string | null) => (id === null ? video : (beside[id] ?? video));
  network.pictures.forEach(({ fields }, index) =>
    checkCrop(
      network.source,
      fields,
      videoOf(index === 0 || fields.camera === undefined ? null : fields.camera),
    ),
  );
  const colorSpaces = (id: string | null) => videoOf(id).colorSpace;
  const { model, format, pictures, compared } = frameGraph(network, methods, colorSpaces, scored);
  return {
    missing: null,
    network: infoOf(network),
    link: await linkOf(model, network),
    format,
    pictures,
    compared,
    answer: answering ? await linkOf(answerGraph(network, colorSpaces).model, network) : null,
  };
}

interface RoadRequest {
  readonly path: string;
  readonly video: Pick<VideoInfo, 'width' | 'height' | 'colorSpace'>;
  readonly mask: Grid;
  readonly margin: number;
}

/** The graph of a road network. Throws CROP_OUTSIDE_FRAME and what `roadModelGraph` throws. */
async function road({ path, video, mask, margin }: RoadRequest): Promise<{
  link: CompiledLink;
  format: ImageFormat;
  batch: number | null;
  alone: boolean;
}> {
  const network = await load(path, 'road');
  checkCrop(network.source, network.sidecar.input ?? {}, video);
  const size: Size = { width: video.width, height: video.height };
  const { model, format, image } = roadModelGraph(network, video.colorSpace, size, mask, margin);
  return { link: await linkOf(model, network), format, batch: image.batch, alone: network.alone };
}

interface PassesRequest {
  readonly path: string;
  readonly camera?: string | undefined;
  readonly byHand?: ByHand | undefined;
  readonly methods: readonly MethodChoice[];
  readonly target: Target;
  /** Left out: none of its layers. */
  readonly random?: RandomLayers | undefined;
}

/** A network with methods, fed with its picture as float32. */
async function passes({ path, camera, byHand, methods, target, random }: PassesRequest): Promise<{
  link: CompiledLink;
  image: ImageInput;
  feed: string;
  /** Of the pictures beside, in their order. */
  beside: readonly string[];
  outputs: readonly { name: string; shape: Shape }[];
  /** How many could be random. */
  layers: number;
}> {
  const own = await load(path, 'steering', camera, byHand);
  const network = random ? withRandomLayers(own, random) : own;
  const { model, image, feed, beside } = graphOnFloats(network, methods, target);
  return {
    link: await linkOf(model, network),
    image,
    feed,
    beside,
    outputs: model.outputs.map(({ name, shape }) => ({ name, shape: shape! })),
    layers: layersWithWeights(own),
  };
}

/** The file that `roadgaze compile` writes, and what is told of it. */
async function compiled({ path, methods, target }: PassesRequest): Promise<{
  network: NetworkInfo;
  bytes: Uint8Array;
  nodes: number;
  added: readonly { name: string; shape: Shape }[];
}> {
  const network = await load(path, 'steering');
  const { model, sidecar, axes } = network;
  const result = withoutBins(compile(model, methods, subjectOf(sidecar), target));
  return {
    network: infoOf(network),
    bytes: writeModel(axes.reduce(withOwnAxes, result)),
    nodes: result.nodes.length,
    added: result.outputs
      .slice(ownOutputs(model).length)
      .map(({ name, shape }) => ({ name, shape: shape! })),
  };
}

/** What may stand in a network's sidecar. Throws what `loadModel` and `proposeSidecar` throw. */
async function sidecar({
  path,
  preset,
}: {
  readonly path: string;
  readonly preset: Preset | null;
}): Promise<ProposedSidecar> {
  const { model } = await loadModel(path, weightsBeside.onRead);
  return proposeSidecar(model, preset);
}

/** Which methods explain a network. Throws what `networkSupport` throws. */
function support({ path }: { readonly path: string }): Promise<NetworkSupport> {
  return networkSupport(path, weightsBeside.onRead);
}

/** What leads to the outputs that are asked for; other outputs of the network are not computed. */
async function linkOf(whole: Model, { source }: NetworkFile): Promise<CompiledLink> {
  const model = {
    ...whole,
    ...keepOnly(
      whole,
      whole.outputs.map(({ name }) => name),
    ),
  };
  const { liveBytes, weightBytes } = demandOf(model, inferKnownShapes(model));
  const bytes = writeModel(model);
  if (!isFullyKnown(model)) await tryToRun(model, bytes);
  return {
    model: bytes,
    source,
    demand: { perPicture: liveBytes, once: weightBytes },
    nodes: model.nodes.length,
  };
}

/** Told before weights beside a network are read, and when they are used again: their bytes. */
export const weightsBeside: { onRead: OnWeights } = { onRead: () => {} };

/** The network read last: a method of many passes needs it several times. */
let last: { readonly key: string; readonly network: NetworkFile; readonly weights: number } | null =
  null;

async function load(
  path: string,
  kind: Sidecar['kind'],
  camera?: string,
  byHand?: ByHand,
): Promise<NetworkFile> {
  const sidecar = `${path.slice(0, path.length - extname(path).length)}.json`;
  const hand = byHand ? JSON.stringify([byHand.constants, byHand.output, byHand.stepsBack]) : '';
  const key = [kind, camera, hand, await filesVersion([path, sidecar])].join('\0');
  if (last?.key === key) {
    weightsBeside.onRead(last.weights);
    return last.network;
  }
  last = null;
  let weights = 0;
  const network = await loadNetwork(
    path,
    kind,
    (bytes) => {
      weights += bytes;
      weightsBeside.onRead(bytes);
    },
    camera,
    byHand,
  );
  last = { key, network, weights };
  return network;
}
