import * as THREE from 'three';
import { Random } from '../world/random.ts';

const size = 256;

/**
 * Tileable noise, the same for every world. R: fine grain; G: clouds of many sizes; B: streaks
 * along x; A: blotches.
 */
export function makeNoiseTexture(): THREE.DataTexture {
  const random = new Random(1, 'noise texture');
  const data = new Uint8Array(size * size * 4);
  const white = Float32Array.from({ length: size * size }, () => random.next());
  const layers = [
    (i: number) => white[i] as number,
    octaves(random, [
      [8, 8, 1],
      [16, 16, 0.6],
      [32, 32, 0.4],
      [64, 64, 0.3],
      [128, 128, 0.2],
    ]),
    octaves(random, [
      [4, 64, 1],
      [8, 128, 0.7],
      [16, 32, 0.4],
    ]),
    octaves(random, [
      [12, 12, 1],
      [24, 24, 0.3],
    ]),
  ];
  for (let i = 0; i < size * size; i++) {
    layers.forEach((layer, channel) => {
      data[i * 4 + channel] = Math.round(255 * Math.min(1, Math.max(0, layer(i))));
    });
  }
  const texture = new THREE.DataTexture(data, size, size, THREE.RGBAFormat);
  texture.wrapS = texture.wrapT = THREE.RepeatWrapping;
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.magFilter = THREE.LinearFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return texture;
}

/** Sum of value-noise lattices [columns, rows, weight], stretched to about 0..1 around 0.5. */
function octaves(random: Random, lattices: [number, number, number][]): (i: number) => number {
  const sum = new Float32Array(size * size);
  let power = 0;
  for (const [columns, rows, weight] of lattices) {
    const values = Float32Array.from({ length: columns * rows }, () => random.next() - 0.5);
    power += weight * weight;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const u = (x / size) * columns;
        const v = (y / size) * rows;
        const x0 = Math.floor(u);
        const y0 = Math.floor(v);
        const a = fade(u - x0);
        const b = fade(v - y0);
        const at = (cx: number, cy: number) =>
          values[(cy % rows) * columns + (cx % columns)] as number;
        const top = at(x0, y0) * (1 - a) + at(x0 + 1, y0) * a;
        const bottom = at(x0, y0 + 1) * (1 - a) + at(x0 + 1, y0 + 1) * a;
        const i = y * size + x;
        sum[i] = (sum[i] as number) + weight * (top * (1 - b) + bottom * b);
      }
    }
  }
  const scale = 1 / Math.sqrt(power);
  return (i) => 0.5 + (sum[i] as number) * scale;
}

function fade(t: number): number {
  return t * t * (3 - 2 * t);
}
