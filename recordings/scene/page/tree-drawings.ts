import * as THREE from 'three';
import { Random } from '../world/random.ts';

const tile = 512;
const shapes = 10;
/** The drawing code below is written for tiles of this size. */
const drawnSize = 256;
const zoom = tile / drawnSize;

/**
 * Drawings of plants, one to a layer: 0–3 broadleaf, 4–5 conifer, 6 poplar, 7 bush, 8–9 grass. R:
 * light 0..1; G: 1 leaf, 0 wood; A: cover.
 */
export function makeTreeDrawings(): THREE.DataArrayTexture {
  const data = new Uint8Array(tile * tile * shapes * 4);
  for (let shape = 0; shape < shapes; shape++) {
    const random = new Random(shape, 'tree drawing');
    const layer = data.subarray(shape * tile * tile * 4, (shape + 1) * tile * tile * 4);
    const dot: Dot = (x, y, radius, light, leaf) => {
      const cx = x * zoom;
      const cy = y * zoom;
      const r = Math.max(0.8, radius * zoom);
      for (let j = Math.max(0, Math.ceil(cy - r)); j <= Math.min(tile - 4, cy + r); j++) {
        for (let i = Math.max(3, Math.ceil(cx - r)); i <= Math.min(tile - 4, cx + r); i++) {
          if ((i - cx) ** 2 + (j - cy) ** 2 > r * r) continue;
          const at = (j * tile + i) * 4;
          layer[at] = Math.round(255 * Math.min(1, Math.max(0.05, light)));
          layer[at + 1] = leaf * 255;
          layer[at + 3] = 255;
        }
      }
    };
    if (shape < 4) drawBroadleaf(random, dot);
    else if (shape < 6) drawConifer(random, dot);
    else if (shape === 6) drawPoplar(random, dot);
    else if (shape === 7) drawBush(random, dot);
    else drawGrass(random, dot);
    spreadColour(layer);
  }
  const texture = new THREE.DataArrayTexture(data, tile, tile, shapes);
  texture.format = THREE.RGBAFormat;
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.magFilter = THREE.LinearFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return texture;
}

type Dot = (x: number, y: number, radius: number, light: number, leaf: number) => void;

function branch(
  dot: Dot,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  thick: number,
  thin: number,
) {
  const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / 2);
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    const radius = thick + (thin - thick) * t;
    dot(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t, radius, 0.32, 0);
    dot(x0 + (x1 - x0) * t - radius * 0.4, y0 + (y1 - y0) * t, radius * 0.5, 0.48, 0);
  }
}

/** A cushion of leaves: dark below and inside, light above, its rim loose. */
function cushion(
  dot: Dot,
  random: Random,
  x: number,
  y: number,
  rx: number,
  ry: number,
  light: number,
  leaves: number,
  size: number,
) {
  for (let i = 0; i < leaves; i++) {
    const angle = random.range(0, 2 * Math.PI);
    const radius = Math.sqrt(random.next()) * (random.chance(0.12) ? 1.25 : 1);
    const u = radius * Math.cos(angle);
    const v = radius * Math.sin(angle);
    dot(
      x + u * rx,
      y + v * ry,
      random.range(0.5, 1.2) * size,
      light + 0.17 * v - 0.05 * u + random.range(-0.14, 0.14),
      1,
    );
  }
}

function drawBroadleaf(random: Random, dot: Dot) {
  const lean = random.range(-8, 8);
  const bare = random.range(10, 40);
  branch(dot, 128, 0, 128 + lean, 130, random.range(4, 7), 2);
  const cushions: { x: number; y: number; r: number; depth: number }[] = [];
  const middle = (bare + 248) / 2;
  const tall = (248 - bare) / 2 - 14;
  for (let i = 0; i < 74; i++) {
    const angle = random.range(0, 2 * Math.PI);
    const radius = Math.sqrt(random.next());
    const up = radius * Math.sin(angle);
    const wide = up < 0 ? 1 + 0.28 * up : 1 - 0.12 * up;
    cushions.push({
      x: 128 + lean + 98 * wide * radius * Math.cos(angle),
      y: middle + tall * up,
      r: random.range(9, 24),
      depth: random.next(),
    });
  }
  for (const each of cushions.slice(0, 12))
    branch(dot, 128 + lean * 0.6, 50 + random.range(0, 60), each.x, each.y, 2.4, 0.8);
  cushions.sort((a, b) => a.depth - b.depth);
  for (const each of cushions) {
    const light =
      0.3 + 0.22 * each.depth + 0.2 * ((each.y - 70) / 160) - 0.08 * ((each.x - 128) / 100);
    cushion(
      dot,
      random,
      each.x,
      each.y,
      each.r,
      each.r * 0.75,
      light,
      Math.round(each.r * each.r * 0.55),
      1.25,
    );
  }
}

function drawConifer(random: Random, dot: Dot) {
  branch(dot, 128, 0, 128, 235, 6, 1.5);
  const levels = 34;
  for (let level = 0; level < levels; level++) {
    const height = level / levels;
    const y = 16 + height * 226;
    // A dark core, so that no sky shines through the stem.
    const core = (1 - height) ** 0.9 * 40;
    for (let i = 0; i < core * 1.5; i++)
      dot(
        128 + random.range(-core, core),
        y + random.range(-6, 4),
        random.range(2, 4),
        random.range(0.14, 0.26),
        1,
      );
    for (const side of [-1, 1]) {
      const reach = (1 - height) ** 0.9 * random.range(52, 112) + 5;
      for (let i = 0; i < reach * 4.2; i++) {
        const out = random.next() ** 0.8;
        const droop = out * reach * random.range(0.16, 0.34) - 6 * out * out;
        const thick = 5.5 * (1 - 0.6 * out);
        const light =
          0.24 + 0.26 * out + 0.12 * height - 0.05 * side * out + random.range(-0.13, 0.15);
        dot(
          128 + side * out * reach,
          y - droop + random.range(-thick, thick),
          random.range(0.7, 1.6),
          light,
          1,
        );
      }
    }
  }
}

function drawPoplar(random: Random, dot: Dot) {
  branch(dot, 128, 0, 128, 200, 6, 2);
  for (let i = 0; i < 60; i++) {
    const t = random.next();
    const wide = 62 * Math.sin(Math.PI * Math.min(1, t * 0.85 + 0.12));
    cushion(
      dot,
      random,
      128 + random.range(-wide, wide),
      26 + t * 212,
      15,
      20,
      0.34 + 0.2 * t + random.range(-0.08, 0.1),
      190,
      1.3,
    );
  }
}

function drawBush(random: Random, dot: Dot) {
  for (let i = 0; i < 70; i++) {
    const t = random.next();
    const x = random.range(-1, 1);
    const top = 200 * Math.sqrt(1 - x * x * 0.9) * random.range(0.75, 1);
    cushion(
      dot,
      random,
      128 + x * 100,
      10 + t * top,
      19,
      16,
      0.26 + 0.32 * t + random.range(-0.08, 0.08),
      190,
      1.7,
    );
  }
}

function drawGrass(random: Random, dot: Dot) {
  for (let i = 0; i < 210; i++) {
    const x = 128 + random.range(-110, 110);
    const lean = random.range(-46, 46);
    const height = random.range(60, 235) * (1 - 0.5 * ((x - 128) / 120) ** 2);
    const light = random.range(0.35, 0.75);
    for (let k = 0; k <= height; k += 0.7) {
      const t = k / height;
      dot(x + lean * t * t, k, 1.5 * (1 - t) + 0.4, light * (0.55 + 0.6 * t), 1);
    }
  }
}

/**
 * Gives clear pixels the drawing's mean colour, so that smaller copies of the texture keep no dark
 * rims.
 */
function spreadColour(layer: Uint8Array) {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < layer.length; at += 4) {
    if (layer[at + 3] === 0) continue;
    sum += layer[at] as number;
    count++;
  }
  for (let at = 0; at < layer.length; at += 4) {
    if (layer[at + 3] !== 0) continue;
    layer[at] = (sum / count) * 0.8;
    layer[at + 1] = 255;
  }
}
