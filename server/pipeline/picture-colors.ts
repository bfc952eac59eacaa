import type { ImageInput } from '../inference/explained-output.ts';
import { extent, pictureGrid } from '../explain/iterative/picture-grid.ts';
import { channelsOf } from '../inference/frame-stack.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { pictureFormat, type ColorSpace } from './frame-graph/picture-format.ts';

/** R, G, B from the network's colours of 0…255; the inverse of the sidecar's definitions. */
const toRgb: Readonly<
  Record<ColorSpace, (colors: readonly number[]) => readonly [number, number, number]>
> = {
  gray: ([value]) => [value!, value!, value!],
  rgb: ([red, green, blue]) => [red!, green!, blue!],
  bgr: ([blue, green, red]) => [red!, green!, blue!],
  yuv: ([y, u, v]) => {
    const [red, blue] = [y! + (v! - 128) / 0.877, y! + (u! - 128) / 0.492];
    return [red, (y! - 0.299 * red - 0.114 * blue) / 0.587, blue];
  },
  // As coded, limited range; of the four places one colour.
  yuv420: (planes) => {
    const luma = ((planes[0]! + planes[1]! + planes[2]! + planes[3]!) / 4 - 16) * (255 / 219);
    const [u, v] = [planes[4]! - 128, planes[5]! - 128].map((chroma) => (chroma * 255) / 224);
    return [luma + 1.402 * v!, luma - 0.344 * u! - 0.714 * v!, luma + 1.772 * u!];
  },
};

/** Which of the pictures that a network sees. */
interface ShownPart {
  /** Among its pictures, the explained one first. */
  readonly at?: number;
  /** Steps back from the newest frame of a stack. */
  readonly back?: number;
  /** Its values were made as the sidecar says. */
  readonly isOfVideo?: boolean;
}

/**
 * A network's picture as a person sees it: bytes R,G,B, row by row. Where no sidecar says what its
 * values mean, they are spread from the lowest to the highest. Throws SIDECAR_INVALID.
 */
export function pictureColors(
  network: NetworkInfo,
  image: ImageInput,
  picture: Float32Array,
  { at = 0, back = 0, isOfVideo = false }: ShownPart = {},
): Uint8Array {
  const { color, scale, offset } = pictureFormat(network.source, network.pictures[at]!);
  const { height, width, plane, step } = pictureGrid(image);
  const { stack, fields } = network.pictures[at]!;
  const { first, count: channels } = channelsOf(stack, back);
  const { low, high } = extent(picture);
  const isKnown = isOfVideo || fields.scale !== undefined;
  const byteOf = (value: number, channel: number) =>
    isKnown
      ? (value - offset[channel]!) / scale[channel]!
      : (255 * (value - low)) / (high - low || 1);
  const rgb = new Uint8ClampedArray(3 * height * width);
  const colors = new Array<number>(channels);
  for (let position = 0; position < height * width; position++) {
    for (let channel = 0; channel < channels; channel++)
      colors[channel] = byteOf(picture[(first + channel) * plane + position * step]!, channel);
    rgb.set(toRgb[color](colors), 3 * position);
  }
  return new Uint8Array(rgb.buffer);
}
