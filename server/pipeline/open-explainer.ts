import { cropInFrame } from '../../shared/geometry.ts';
import { rasterise } from '../attention/polygon.ts';
import { ROAD_MARGIN, type RoadSpecification } from '../attention/road-specification.ts';
import { readGroundTruth, type GroundTruth } from '../drive/truth.ts';
import { startOnBestProvider, type ProviderWish } from '../inference/choose-provider.ts';
import { loadNetwork, type NetworkFile } from '../inference/network-file.ts';
import { checkCrop } from './frame-graph/picture-format.ts';
import type { ChainFeed, ChainLink, ChainResult, FrameValues } from '../inference/session-chain.ts';
import { writeModel } from '../onnx/write-model.ts';
import type { ImageFormat, VideoInfo } from '../video/frame-source.ts';
import type { FrameExplainer, FrameExplanation } from './frame-explainer.ts';
import { frameGraph, type FrameGraph } from './frame-graph/frame-graph.ts';
import { givenRegionGraph, roadModelGraph } from './frame-graph/road-graph.ts';

export interface ExplainerRequest {
  readonly modelPath: string;
  readonly road: RoadSpecification;
  readonly video: Pick<VideoInfo, 'width' | 'height' | 'colorSpace'>;
  readonly method?: string;
  readonly wish?: Partial<ProviderWish>;
}

/**
 * Compiles the frame graph of a network for a video and starts inference, warmed up. Throws INPUT_NOT_FOUND, MODEL_*, SIDECAR_INVALID,
 * CROP_OUTSIDE_FRAME, ROAD_INVALID, PROVIDER_UNAVAILABLE, INFERENCE_FAILED.
 */
export async function openExplainer(request: ExplainerRequest): Promise<FrameExplainer> {
  const { video, road, method = 'visualbackprop' } = request;
  const network = await loadNetwork(request.modelPath, 'steering');
  checkCrop(network, video);
  const graph = frameGraph(network, method, video.colorSpace, road.kind !== 'none');
  const region = await regionSource(road, video, network, graph);

  const pixels = graph.image.width * graph.image.height;
  const planes = graph.format.pixelFormat === 'gray' ? 1 : 3;
  const main = region.links.length;
  const links: ChainLink[] = [...region.links, {
    model: writeModel(graph.model), source: network.model.source,
    feeds: [{ name: 'frame', from: 'call', input: 0, dims: [planes, pixels] }, ...region.feeds],
  }];
  const results: ChainResult[] = ['frameSteering', 'mask', ...(road.kind === 'none' ? [] : ['onRoad'])].map((output) => ({ link: main, output }));
  if (region.links.length > 0) results.push({ link: 0, output: 'region' });

  const chain = { links, results, inputBytes: [planes * pixels, ...region.inputBytes] };
  const wish = { provider: 'auto', workers: null, ...request.wish } as const;
  const { pool, provider, workers, passedOver } = await startOnBestProvider(chain, graph.image.batch !== null || region.fixedBatch, wish);

  const { output } = network.sidecar;
  const scale = output?.scale ?? 1;
  return {
    network: {
      name: network.name, digest: network.digest, method, crop: graph.format.crop,
      mask: { width: graph.image.width, height: graph.image.height },
      output: { quantity: output?.quantity ?? null, unit: output?.unit ?? null, positive: output?.positive ?? null },
    },
    assumptions: network.assumptions,
    images: [graph.format, ...region.images],
    provider: { name: provider, workers, millisecondsPerFrame: pool.millisecondsPerFrame, passedOver },
    async explain(images, pts, urgent = false) {
      const given = region.given(pts);
      const values = await pool.run(given ? [...images, given.bytes] : images, urgent);
      return explanation(values, scale, given?.known ?? true);
    },
    close: () => pool.close(),
  };
}

function explanation(values: FrameValues, scale: number, roadKnown: boolean): FrameExplanation {
  const [steering, mask, onRoad, region] = values as [Float32Array, Uint8Array, Float32Array?, Uint8Array?];
  const share = onRoad?.[0];
  return {
    steering: steering[0]! * scale, mask,
    onRoad: roadKnown && share !== undefined && Number.isFinite(share) ? share : null,
    road: roadKnown ? (region ?? null) : null,
  };
}

/** How the region gets to the frame graph's input `road`. */
interface RegionSource {
  readonly links: readonly ChainLink[];
  readonly feeds: readonly ChainFeed[];
  /** Pictures of the frame that a road network needs. */
  readonly images: readonly ImageFormat[];
  readonly inputBytes: readonly number[];
  readonly fixedBatch: boolean;
  /** Bytes that go with a frame, beside its pictures; `known` is false where there is no truth for it. */
  given(pts: number): { bytes: Uint8Array; known: boolean } | null;
}

async function regionSource(road: RoadSpecification, video: ExplainerRequest['video'], network: NetworkFile, graph: FrameGraph): Promise<RegionSource> {
  const { width, height } = graph.image;
  const place = cropInFrame(network.sidecar.input?.crop ?? null, video);
  const mask = { width, height, place };
  const margin = Math.round(ROAD_MARGIN * width);
  const none: RegionSource = { links: [], feeds: [], images: [], inputBytes: [], fixedBatch: false, given: () => null };
  const fromLink: ChainFeed[] = [{ name: 'road', from: 'link', link: 0, output: 'region' }];
  switch (road.kind) {
    case 'none':
      return none;
    case 'model': {
      const file = await loadNetwork(road.path, 'road');
      checkCrop(file, video);
      const { model, format } = roadModelGraph(file, video.colorSpace, video, mask, margin);
      const planes = format.pixelFormat === 'gray' ? 1 : 3;
      const dims = [planes, format.width * format.height];
      return {
        ...none, feeds: fromLink, images: [format], inputBytes: [planes * format.width * format.height],
        fixedBatch: typeof model.inputs[0]!.shape![0] === 'number',
        links: [{ model: writeModel(model), source: file.model.source, feeds: [{ name: 'frame', from: 'call', input: 1, dims }] }],
      };
    }
    case 'truth': {
      const truth = await readGroundTruth(road.path);
      return { ...none, ...givenRegion(truth, video, mask, margin), feeds: fromLink };
    }
    case 'polygon': {
      // Drawn on the frame at the mask's own fineness, then placed and widened by the same graph as every other region.
      const grid = { width: Math.round((width * video.width) / place.width), height: Math.round((height * video.height) / place.height) };
      const bytes = rasterise(road.points, grid);
      const model = givenRegionGraph({ ...grid, place: { x: 0, y: 0, width: video.width, height: video.height } }, mask, margin);
      return {
        ...none, feeds: fromLink,
        links: [{ model: writeModel(model), source: 'the road polygon', feeds: [{ name: 'road', from: 'constant', bytes, dims: [bytes.length] }] }],
      };
    }
  }
}

function givenRegion(truth: GroundTruth, video: ExplainerRequest['video'], mask: Parameters<typeof givenRegionGraph>[1], margin: number): Pick<RegionSource, 'links' | 'inputBytes' | 'given'> {
  const pixels = truth.mask.width * truth.mask.height;
  const model = givenRegionGraph({ ...truth.mask, place: { x: 0, y: 0, width: video.width, height: video.height } }, mask, margin);
  return {
    inputBytes: [pixels],
    links: [{ model: writeModel(model), source: 'the ground truth', feeds: [{ name: 'road', from: 'call', input: 1, dims: [pixels] }] }],
    given(pts) {
      const bytes = truth.roadMaskAt(pts);
      return bytes ? { bytes, known: true } : { bytes: new Uint8Array(pixels), known: false };
    },
  };
}
