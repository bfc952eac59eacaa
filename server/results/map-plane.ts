import type { ExplanationKind } from '../../shared/methods.ts';
import type { Size } from '../../shared/geometry.ts';

/** A map as one number per place, ready to be drawn. */
export interface MapPlane extends Size {
  readonly values: Float32Array;
  /** Size at which colours end: larger ones look the same. > 0 unless all is zero. */
  readonly limit: number;
}

/**
 * This share of the places lies below the limit of attributions: a few outliers would else leave
 * all others dark.
 */
const SHOWN = 0.995;

export interface MapToDraw {
  readonly values: Float32Array;
  readonly dims: readonly number[];
  readonly kind: ExplanationKind;
  readonly signed: boolean;
  readonly layout: 'NCHW' | 'NHWC';
  /** Of an attribution; all of them without. */
  readonly channels?: { readonly first: number; readonly count: number };
}

/**
 * Colours of an attribution are added up where the sign counts, else the strongest is taken; what
 * is said of a whole place, with the same number for each of its colours, counts once.
 */
export function mapPlane({
  values,
  dims,
  kind,
  signed,
  layout,
  channels: wanted,
}: MapToDraw): MapPlane {
  const isLast = kind === 'attribution' && layout === 'NHWC';
  const [all, height, width] = (isLast ? [dims[3], dims[1], dims[2]] : dims.slice(1)) as [
    number,
    number,
    number,
  ];
  const [plane, step] = isLast ? [1, all] : [height * width, 1];
  const whole = { first: 0, count: all };
  // Of a mask or map with a plane for each frame, the one of the same frame.
  const { first, count } =
    kind === 'attribution'
      ? (wanted ?? whole)
      : all > 1
        ? { first: wanted ? wanted.first / wanted.count : all - 1, count: 1 }
        : whole;
  const at = (channel: number, position: number) =>
    values[(first + channel) * plane + position * step]!;
  const drawn = Float32Array.from({ length: height * width }, (_, position) => at(0, position));
  const others = Array.from({ length: count - 1 }, (_, index) => index + 1);
  const isOfPlaces = drawn.every((value, position) =>
    others.every((channel) => at(channel, position) === value),
  );
  if (!isOfPlaces) {
    for (let position = 0; position < drawn.length; position++) {
      for (const channel of others)
        drawn[position] = signed
          ? drawn[position]! + at(channel, position)
          : Math.max(drawn[position]!, at(channel, position));
    }
  }
  const sizes = drawn.map(Math.abs).sort();
  const most = sizes.at(-1)!;
  const usual =
    kind === 'attribution'
      ? sizes[Math.min(sizes.length - 1, Math.floor(SHOWN * sizes.length))]!
      : most;
  return { height, width, values: drawn, limit: usual > 0 ? usual : most };
}
