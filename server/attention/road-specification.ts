import type { Point } from '../../shared/geometry.ts';

/** Where the road region comes from. */
export type RoadSpecification =
  | { readonly kind: 'none' }
  /** Ground truth beside the recording: `<name>.truth.jsonl.gz`. */
  | { readonly kind: 'truth'; readonly path: string }
  /** A network of kind `road`, run on every frame. */
  | { readonly kind: 'model'; readonly path: string }
  /** Fixed in the frame; points in fractions of its width and height. */
  | { readonly kind: 'polygon'; readonly points: readonly Point[] };

/** By how much a region is widened, as a share of the mask's width: lane markings and kerbs lie on its border. */
export const ROAD_MARGIN = 0.0125;
