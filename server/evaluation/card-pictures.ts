import { lookupTable } from '../../shared/color-maps.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { pictureColors } from '../pipeline/picture-colors.ts';
import { writePng } from '../results/png.ts';
import type { EvaluatedFrame } from './evaluated-frames.ts';

/** As many of the pixels are below the end of the colours. */
const SHOWN = 0.995;
const STYLE = { map: 'inferno', opacity: 0.85, threshold: 0.05 } as const;

/** A PNG of the picture as the network sees it, with a map over it or without. */
export async function cardPicture(
  network: NetworkInfo,
  { picture }: EvaluatedFrame,
  plane: Float32Array | null,
): Promise<Uint8Array> {
  const { width, height } = network.image;
  const rgb = pictureColors(network, network.image, picture, { isOfVideo: true });
  if (plane) blend(rgb, plane);
  return writePng({ width, height, rgb });
}

function blend(rgb: Uint8Array, plane: Float32Array): void {
  const words = lookupTable(STYLE);
  const table = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const sorted = plane.slice().sort();
  const limit = sorted[Math.floor(SHOWN * (sorted.length - 1))]! || sorted.at(-1)! || 1;
  plane.forEach((value, place) => {
    const color = 4 * Math.round(255 * Math.min(1, value / limit));
    const alpha = table[color + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      const at = 3 * place + channel;
      rgb[at] = Math.round(rgb[at]! * (1 - alpha) + table[color + channel]! * alpha);
    }
  });
}
