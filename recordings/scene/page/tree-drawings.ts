import * as THREE from 'three';
import { Random } from '../world/random.ts';

/** Drawings of plants in one texture: 4 × 3 tiles. 0–3 broadleaf, 4–5 conifer, 6 poplar, 7 bush, 8–9 grass. R: light 0..1; G: 1 leaf, 0 wood; A: cover. */
export const drawingColumns = 4;
export const drawingRows = 3;
const tile = 256;

export function makeTreeDrawings(): THREE.DataTexture {
  const width = tile * drawingColumns;
  const data = new Uint8Array(width * tile * drawingRows * 4);
  for (let shape = 0; shape < 10; shape++) {
    const random = new Random(shape, 'tree drawing');
    const left = (shape % drawingColumns) * tile;
    const bottom = Math.floor(shape / drawingColumns) * tile;
    const dot = (x: number, y: number, radius: number, light: number, leaf: number) => {
      for (let j = Math.max(1, Math.ceil(y - radius)); j <= Math.min(tile - 2, y + radius); j++) {
        for (let i = Math.max(1, Math.ceil(x - radius)); i <= Math.min(tile - 2, x + radius); i++) {
          if ((i - x) ** 2 + (j - y) ** 2 > radius * radius) continue;
          const at = ((bottom + j) * width + left + i) * 4;
          data[at] = Math.round(255 * Math.min(1, Math.max(0.05, light + random.range(-0.05, 0.05))));
          data[at + 1] = leaf * 255;
          data[at + 3] = 255;
        }
      }
    };
    if (shape < 4) drawBroadleaf(random, dot);
    else if (shape < 6) drawConifer(random, dot);
    else if (shape === 6) drawPoplar(random, dot);
    else if (shape === 7) drawBush(random, dot);
    else drawGrass(random, dot);
    spreadColour(data, left, bottom, width);
  }
  const texture = new THREE.DataTexture(data, width, tile * drawingRows, THREE.RGBAFormat);
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.magFilter = THREE.LinearFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return texture;
}

type Dot = (x: number, y: number, radius: number, light: number, leaf: number) => void;

function branch(dot: Dot, x0: number, y0: number, x1: number, y1: number, thick: number, thin: number) {
  const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 2);
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    const radius = thick + (thin - thick) * t;
    dot(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t, radius, 0.32, 0);
    dot(x0 + (x1 - x0) * t - radius * 0.4, y0 + (y1 - y0) * t, radius * 0.5, 0.48, 0);
  }
}

/** A cushion of leaves: dark below and inside, light above. */
function cushion(dot: Dot, random: Random, x: number, y: number, rx: number, ry: number, light: number, leaves: number, size: number) {
  for (let i = 0; i < leaves; i++) {
    const angle = random.range(0, 2 * Math.PI);
    const radius = Math.sqrt(random.next());
    const u = radius * Math.cos(angle);
    const v = radius * Math.sin(angle);
    dot(x + u * rx, y + v * ry, random.range(0.6, 1.15) * size, light + 0.2 * v - 0.06 * u + random.range(-0.09, 0.09), 1);
  }
}

function drawBroadleaf(random: Random, dot: Dot) {
  const lean = random.range(-8, 8);
  const bare = random.range(34, 62);
  branch(dot, 128, 0, 128 + lean, 130, random.range(5, 8), 3);
  const cushions: { x: number; y: number; r: number; depth: number }[] = [];
  const lobes = 34;
  for (let i = 0; i < lobes; i++) {
    const angle = random.range(0, 2 * Math.PI);
    const radius = Math.sqrt(random.next());
    const y = 150 + 78 * radius * Math.sin(angle);
    const taper = y < 110 ? 0.82 : 1;
    cushions.push({ x: 128 + lean + 92 * taper * radius * Math.cos(angle), y: Math.max(bare + 22, y), r: random.range(16, 30), depth: random.next() });
  }
  for (const each of cushions.slice(0, 9)) branch(dot, 128 + lean * 0.6, 70 + random.range(0, 40), each.x, each.y, 3, 1.2);
  cushions.sort((a, b) => a.depth - b.depth);
  for (const each of cushions) {
    const light = 0.34 + 0.2 * each.depth + 0.2 * ((each.y - 70) / 160) - 0.08 * ((each.x - 128) / 100);
    cushion(dot, random, each.x, each.y, each.r, each.r * 0.72, light, Math.round(each.r * 4.4), 2.6);
  }
}

function drawConifer(random: Random, dot: Dot) {
  branch(dot, 128, 0, 128, 235, 6, 1.5);
  const levels = 30;
  for (let level = 0; level < levels; level++) {
    const y = 26 + (level / levels) * 216;
    const reach = (1 - level / levels) ** 0.85 * random.range(70, 100) + 6;
    for (const side of [-1, 1]) {
      const count = Math.ceil(reach * 1.2);
      for (let i = 0; i < count; i++) {
        const out = random.next() * reach;
        const droop = out * random.range(0.18, 0.42);
        dot(128 + side * out, y - droop + random.range(-3, 5), random.range(1.4, 3), 0.3 + 0.22 * (out / reach) + 0.15 * (level / levels) + random.range(-0.12, 0.12), 1);
      }
    }
  }
}

function drawPoplar(random: Random, dot: Dot) {
  branch(dot, 128, 0, 128, 200, 6, 2);
  for (let i = 0; i < 46; i++) {
    const t = random.next();
    const wide = 62 * Math.sin(Math.PI * Math.min(1, t * 0.85 + 0.12));
    cushion(dot, random, 128 + random.range(-wide, wide), 32 + t * 205, 17, 21, 0.36 + 0.22 * t + random.range(-0.08, 0.1), 70, 2.4);
  }
}

function drawBush(random: Random, dot: Dot) {
  for (let i = 0; i < 40; i++) {
    const t = random.next();
    const x = random.range(-1, 1);
    const top = 200 * Math.sqrt(1 - x * x * 0.9) * random.range(0.75, 1);
    cushion(dot, random, 128 + x * 100, 16 + t * top * 0.88, 26, 22, 0.26 + 0.34 * t + random.range(-0.06, 0.06), 85, 3.2);
  }
}

function drawGrass(random: Random, dot: Dot) {
  for (let i = 0; i < 130; i++) {
    const x = 128 + random.range(-110, 110);
    const lean = random.range(-46, 46);
    const height = random.range(60, 235) * (1 - 0.5 * ((x - 128) / 120) ** 2);
    const light = random.range(0.35, 0.75);
    for (let k = 0; k <= height; k += 1.5) {
      const t = k / height;
      dot(x + lean * t * t, k, 2.6 * (1 - t) + 0.5, light * (0.55 + 0.6 * t), 1);
    }
  }
}

/** Gives clear pixels the mean colour of the tile, so that smaller copies of the texture keep no dark rims. */
function spreadColour(data: Uint8Array, left: number, bottom: number, width: number) {
  let sum = 0;
  let count = 0;
  const each = (visit: (at: number) => void) => {
    for (let j = 0; j < tile; j++) for (let i = 0; i < tile; i++) visit(((bottom + j) * width + left + i) * 4);
  };
  each((at) => {
    if (data[at + 3] === 0) return;
    sum += data[at] as number;
    count++;
  });
  each((at) => {
    if (data[at + 3] !== 0) return;
    data[at] = (sum / count) * 0.8;
    data[at + 1] = 255;
  });
}
