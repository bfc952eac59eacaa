import type { Point } from '../../shared/geometry.ts';

/** Where the road region comes from. */
export type RoadSpecification =
  | { readonly kind: 'none' }
  /** Ground truth beside the recording: `<name>.truth.jsonl.gz`. */
  | (Widened & { readonly kind: 'truth'; readonly path: string })
  /** A network of kind `road`, run on every frame. */
  | (Widened & { readonly kind: 'model'; readonly path: string })
  /**
   * Fixed in the frame, see `rasterise`; points in fractions of its width and height. A guess is to
   * be named so wherever its numbers are shown.
   */
  | (Widened & { readonly kind: 'polygon' | 'guess'; readonly points: readonly Point[] });

interface Widened {
  /**
   * By how much the region is widened on every side, in pixels of the steering network's input:
   * lane markings and kerbs lie on its border. `ROAD_MARGIN` where it is left out.
   */
  readonly margin?: number;
}

/** As a share of the mask's width. */
export const ROAD_MARGIN = 0.0125;

/**
 * What stands for the road where nothing is given: a trapezoid from below the horizon of a camera
 * that looks straight ahead to the frame's lower edge, which it leaves on both sides. Intersection
 * ÷ union with the true road above the bonnet is 0.7 on average on the drives that ship, which is
 * good enough to see that attention is on trees or sky, and not good enough to judge a kerb by.
 */
export const GUESSED_ROAD: RoadSpecification = {
  kind: 'guess',
  points: [
    [0.38, 0.54],
    [0.62, 0.54],
    [1.25, 1],
    [-0.25, 1],
  ],
};
