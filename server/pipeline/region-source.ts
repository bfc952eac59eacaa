import { cropInFrame, type Size } from '../../shared/geometry.ts';
import { rasterise } from '../attention/polygon.ts';
import { ROAD_MARGIN, type RoadSpecification } from '../attention/road-specification.ts';
import { readGroundTruth, type GroundTruth } from '../drive/truth.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import type { ChainFeed, ChainLink } from '../inference/session-chain.ts';
import { writeModel } from '../onnx/write-model.ts';
import type { ImageFormat, VideoInfo } from '../video/frame-source.ts';
import { FRAME, REGION, ROAD } from './frame-graph/names.ts';
import { givenRegionGraph } from './frame-graph/given-region-graph.ts';
import { inWorkshop } from './workshop/workshop.ts';

type RegionVideo = Pick<VideoInfo, 'width' | 'height' | 'colorSpace'>;

/** How the region gets to the frame graph's input `ROAD`. */
export interface RegionSource {
  readonly links: readonly ChainLink[];
  readonly feeds: readonly ChainFeed[];
  /** Pictures of the frame that a road network needs. */
  readonly images: readonly ImageFormat[];
  readonly inputBytes: readonly number[];
  /** As of a road network: see `SessionChain` and `NetworkInfo`. */
  readonly batch: number | null;
  readonly alone: boolean;
  /**
   * Bytes that go with a frame, beside its pictures; `known` is false where there is no truth for
   * it.
   */
  given(pts: number): { bytes: Uint8Array; known: boolean } | null;
}

/** Throws INPUT_NOT_FOUND, MODEL_*, SIDECAR_INVALID, CROP_OUTSIDE_FRAME, ROAD_INVALID. */
export async function regionSource(
  road: RoadSpecification,
  video: RegionVideo,
  network: NetworkInfo,
  { width, height }: Size,
  signal?: AbortSignal,
): Promise<RegionSource> {
  const place = cropInFrame(network.sidecar.input?.crop ?? null, video);
  const mask = { width, height, place };
  const margin = ('margin' in road ? road.margin : undefined) ?? Math.round(ROAD_MARGIN * width);
  const none: RegionSource = {
    links: [],
    feeds: [],
    images: [],
    inputBytes: [],
    batch: null,
    alone: false,
    given: () => null,
  };
  const fromLink: ChainFeed[] = [{ name: ROAD, from: 'link', link: 0, output: REGION }];
  switch (road.kind) {
    case 'none':
      return none;
    case 'model': {
      const { link, format, batch, alone } = await inWorkshop(
        'road',
        { path: road.path, video, mask, margin },
        { signal },
      );
      const planes = format.pixelFormat === 'gray' ? 1 : 3;
      const dims = [planes, format.width * format.height];
      return {
        ...none,
        feeds: fromLink,
        images: [format],
        inputBytes: [planes * format.width * format.height],
        batch,
        alone,
        links: [{ ...link, feeds: [{ name: FRAME, from: 'call', input: 1, dims }] }],
      };
    }
    case 'truth': {
      const truth = await readGroundTruth(road.path);
      return { ...none, ...givenRegion(truth, video, mask, margin), feeds: fromLink };
    }
    case 'guess':
    case 'polygon': {
      // Drawn on the frame at the mask's own fineness, then placed and widened by the same graph as
      // every other region.
      const grid = {
        width: Math.round((width * video.width) / place.width),
        height: Math.round((height * video.height) / place.height),
      };
      const bytes = rasterise(road.points, grid);
      const model = givenRegionGraph(
        { ...grid, place: { x: 0, y: 0, width: video.width, height: video.height } },
        mask,
        margin,
      );
      return {
        ...none,
        feeds: fromLink,
        links: [
          {
            model: writeModel(model),
            source: 'the road polygon',
            feeds: [{ name: 'road', from: 'constant', bytes, dims: [bytes.length] }],
          },
        ],
      };
    }
  }
}

function givenRegion(
  truth: GroundTruth,
  video: RegionVideo,
  mask: Parameters<typeof givenRegionGraph>[1],
  margin: number,
): Pick<RegionSource, 'links' | 'inputBytes' | 'given'> {
  const pixels = truth.mask.width * truth.mask.height;
  const model = givenRegionGraph(
    { ...truth.mask, place: { x: 0, y: 0, width: video.width, height: video.height } },
    mask,
    margin,
  );
  return {
    inputBytes: [pixels],
    links: [
      {
        model: writeModel(model),
        source: 'the ground truth',
        feeds: [{ name: 'road', from: 'call', input: 1, dims: [pixels] }],
      },
    ],
    given(pts) {
      const bytes = truth.roadMaskAt(pts);
      return bytes ? { bytes, known: true } : { bytes: new Uint8Array(pixels), known: false };
    },
  };
}
