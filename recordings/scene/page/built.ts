import * as THREE from 'three';
import type { Rgb } from '../world/light.ts';
import type { Standing } from '../world/objects.ts';
import type { World } from '../world/world.ts';
import { chunkLength, chunksOf, type Chunk } from './chunks.ts';
import { makeMesh, makePair, type Shared } from './shading.ts';
import { cueTiles, signColumns, signRows } from './sign-drawings.ts';
import { SolidBuilder, surface, type Point } from './solid-builder.ts';

const steel: Rgb = [0.34, 0.35, 0.36];
const wood: Rgb = [0.13, 0.1, 0.075];
const concrete: Rgb = [0.4, 0.39, 0.36];
/** The film around silage. */
const film: Rgb = [0.13, 0.25, 0.42];

/** Everything that people put beside the road. */
export function makeBuilt(
  world: World,
  shared: Shared,
  noise: THREE.Texture,
  signs: THREE.Texture,
): Chunk[] {
  const pair = makePair(shared, {
    vertex: builtVertex,
    fragment: builtFragment,
    uniforms: { noise: { value: noise }, signs: { value: signs } },
    settings: { side: THREE.DoubleSide, alphaToCoverage: true },
  });
  const growth = new Set(['tree', 'bush', 'woods']);
  const pieces = world.standing.flatMap((object, index) =>
    growth.has(object.kind) ? [] : piecesOf(object, index + 1),
  );
  return chunksOf(pieces).map(({ s, items }) => {
    const builder = new SolidBuilder();
    for (const { object, number } of items) {
      builder.number = number;
      build(builder, object, world);
    }
    return { s, mesh: makeMesh(builder.build(), pair) };
  });
}

/** Rails run through many chunks: a piece for each. */
function piecesOf(
  object: Standing,
  number: number,
): { s: number; object: Standing; number: number }[] {
  if (object.to <= object.s) return [{ s: object.s, object, number }];
  const pieces = [];
  for (let s = object.s; s < object.to; s += chunkLength) {
    pieces.push({ s, object: { ...object, s, to: Math.min(s + chunkLength, object.to) }, number });
  }
  return pieces;
}

function build(builder: SolidBuilder, object: Standing, world: World) {
  const { x, y, z, facing, height, width } = object;
  const foot: Point = [x, y, z - 0.1];
  switch (object.kind) {
    case 'pole': {
      builder.box(foot, facing, 0.24, 0.24, height, wood);
      builder.box([x, y, z + height - 0.5], facing, 0.1, 2, 0.12, wood);
      return;
    }
    case 'lamp': {
      builder.box(foot, facing, 0.15, 0.15, height, steel);
      const c = Math.cos(facing);
      const s = Math.sin(facing);
      builder.box(
        [x + c * width * 0.5, y + s * width * 0.5, z + height - 0.1],
        facing,
        width,
        0.08,
        0.08,
        steel,
      );
      builder.box(
        [x + c * (width - 0.1), y + s * (width - 0.1), z + height - 0.16],
        facing,
        0.7,
        0.25,
        0.1,
        [0.5, 0.5, 0.5],
      );
      return;
    }
    case 'sign': {
      const board = object.variant === 4;
      const plate = board ? width * 0.78 : width;
      for (const at of board ? [-0.35, 0.35] : [0]) {
        builder.box(
          aside(foot, facing, at * width),
          facing,
          0.07,
          0.07,
          height - plate * 0.4,
          steel,
        );
      }
      plateOn(builder, object, object.variant, plate, width);
      return;
    }
    case 'cue': {
      for (const at of [-0.38, 0.38])
        builder.box(aside(foot, facing, at * width), facing, 0.1, 0.1, height - 0.4, steel);
      plateOn(builder, object, cueTiles[object.variant] ?? cueTiles[0], width, width);
      return;
    }
    case 'bale':
      buildBale(builder, object);
      return;
    case 'building':
      buildHouse(builder, object, foot);
      return;
    case 'guard-rail':
      buildRail(builder, object, world);
      return;
    case 'barrier':
      buildBarrier(builder, object, world);
      return;
    default:
  }
}

function aside(foot: Point, facing: number, by: number): Point {
  return [foot[0] - Math.sin(facing) * by, foot[1] + Math.cos(facing) * by, foot[2]];
}

/**
 * A drawing on a plate at the object's top, facing where the object faces. Cue boards' drawings
 * fill only the middle of their tile.
 */
function plateOn(
  builder: SolidBuilder,
  object: Standing,
  tile: number,
  plateHeight: number,
  width: number,
) {
  const { x, y, z, facing, height } = object;
  const cue = object.kind === 'cue';
  const used = cue ? 72 / 128 : 1;
  const top = z + height;
  const bottom = top - plateHeight * used;
  const at = (across: number, up: number): Point => {
    const p = aside(
      [x + 0.06 * Math.cos(facing), y + 0.06 * Math.sin(facing), 0],
      facing,
      across * width * 0.5,
    );
    return [p[0], p[1], up];
  };
  const column = tile % signColumns;
  const row = Math.floor(tile / signColumns);
  const u = (value: number) => (column + value) / signColumns;
  const v = (value: number) => (row + 0.5 + (value - 0.5) * used) / signRows;
  // Seen from the front, the plate's left is at positive across; drawings hang with v downwards.
  builder.quad(at(-1, bottom), at(1, bottom), at(1, top), at(-1, top), [1, 1, 1], surface.drawing, [
    [u(0.002), v(1)],
    [u(0.998), v(1)],
    [u(0.998), v(0)],
    [u(0.002), v(0)],
  ]);
}

/** A cylinder that lies across the road's direction. */
function buildBale(builder: SolidBuilder, { x, y, z, facing, width, height, depth }: Standing) {
  const sides = 10;
  const rim = Array.from({ length: sides }, (_, side) => (2 * Math.PI * side) / sides);
  const at = (angle: number, across: number): Point => {
    const [px, py] = aside([x, y, 0], facing, (across * width) / 2);
    const along = (Math.sin(angle) * depth) / 2;
    return [
      px + along * Math.cos(facing),
      py + along * Math.sin(facing),
      z + (height / 2) * (1 + Math.cos(angle)),
    ];
  };
  rim.forEach((angle, side) => {
    const next = rim[(side + 1) % sides] as number;
    builder.quad(at(angle, 1), at(next, 1), at(next, -1), at(angle, -1), film);
    for (const end of [-1, 1]) {
      const [px, py] = aside([x, y, 0], facing, (end * width) / 2);
      const middle: Point = [px, py, z + height / 2];
      builder.quad(at(angle, end), at(next, end), middle, middle, film);
    }
  });
}

const plaster: readonly [Rgb, ...Rgb[]] = [
  [0.55, 0.5, 0.42],
  [0.48, 0.36, 0.27],
  [0.36, 0.2, 0.14],
  [0.6, 0.6, 0.58],
  [0.62, 0.58, 0.5],
  [0.35, 0.22, 0.16],
];

function buildHouse(builder: SolidBuilder, object: Standing, foot: Point) {
  const { facing, width, height, depth } = object;
  const base = plaster[object.variant] ?? plaster[0];
  const walls = base.map((c) => c * (0.75 + 0.5 * object.tint)) as Rgb;
  const tiles: Rgb = object.tint > 0.5 ? [0.24, 0.1, 0.07] : [0.13, 0.13, 0.14];
  const deep: Point = [foot[0], foot[1], foot[2] - 1.5];
  builder.box(deep, facing, depth, width, height + 1.6, walls, surface.wall, tiles);
  if (object.variant < 4) return;
  // A gable roof along the width.
  const c = Math.cos(facing);
  const s = Math.sin(facing);
  const at = (along: number, across: number, up: number): Point => [
    foot[0] + c * along - s * across,
    foot[1] + s * along + c * across,
    foot[2] + up,
  ];
  const l = depth / 2 + 0.4;
  const w = width / 2 + 0.4;
  const ridge = height + depth * 0.38;
  builder.quad(at(l, -w, height), at(l, w, height), at(0, w, ridge), at(0, -w, ridge), tiles);
  builder.quad(at(-l, w, height), at(-l, -w, height), at(0, -w, ridge), at(0, w, ridge), tiles);
  for (const end of [-1, 1]) {
    builder.quad(
      at(depth / 2, end * (width / 2), height),
      at(-depth / 2, end * (width / 2), height),
      at(0, end * (width / 2), ridge),
      at(0, end * (width / 2), ridge),
      walls,
    );
  }
}

/** A point beside the road at (s, d), `up` above the ground there. */
function beside(world: World, s: number, d: number, up: number): Point {
  const road = world.alignment.at(s);
  return [
    road.x - d * Math.sin(road.heading),
    road.y + d * Math.cos(road.heading),
    world.ground(s, d) + up,
  ];
}

function buildRail(builder: SolidBuilder, rail: Standing, world: World) {
  const d = rail.d;
  // The beam is on the road's side of its posts.
  const towards = rail.side === 'right' ? 1 : -1;
  for (let s = rail.s; s < rail.to; s += 4) {
    const end = Math.min(s + 4, rail.to);
    const level = (up: number, out: number) =>
      [beside(world, s, d + out, up), beside(world, end, d + out, up)] as const;
    // The W of the beam: light from above, dark below.
    const profile: [number, number, number][] = [
      [0.44, 0, 0.62],
      [0.51, 0.05, 0.85],
      [0.59, 0, 0.55],
      [0.67, 0.05, 0.9],
      [0.75, 0, 1],
    ];
    for (let i = 0; i + 1 < profile.length; i++) {
      const [low, lowOut, shade] = profile[i] as [number, number, number];
      const [high, highOut] = profile[i + 1] as [number, number, number];
      const [a, b] = level(low, lowOut * towards);
      const [e, f] = level(high, highOut * towards);
      const colour = steel.map((c) => c * 1.3 * shade) as Rgb;
      if (towards > 0) builder.quad(b, a, e, f, colour);
      else builder.quad(a, b, f, e, colour);
    }
    builder.box(
      beside(world, s, d - 0.1 * towards, -0.2),
      world.alignment.at(s).heading,
      0.1,
      0.12,
      0.9,
      steel,
    );
  }
}

function buildBarrier(builder: SolidBuilder, wall: Standing, world: World) {
  const profile: [number, number][] = [
    [-0.3, 0],
    [-0.16, 0.3],
    [-0.09, 0.85],
    [0.09, 0.85],
    [0.16, 0.3],
    [0.3, 0],
  ];
  for (let s = wall.s; s < wall.to; s += 6) {
    for (let i = 0; i + 1 < profile.length; i++) {
      const [out0, up0] = profile[i] as [number, number];
      const [out1, up1] = profile[i + 1] as [number, number];
      builder.quad(
        beside(world, s + 6, wall.d + out0, up0),
        beside(world, s, wall.d + out0, up0),
        beside(world, s, wall.d + out1, up1),
        beside(world, s + 6, wall.d + out1, up1),
        concrete,
      );
    }
  }
}

const builtVertex = /* glsl */ `
attribute vec3 colour;
attribute vec2 at, mark;
varying vec3 vColour, vNormal, vFromCamera;
varying vec2 vAt;
varying vec2 vMark;
void main() {
  vColour = colour;
  vNormal = normal;
  vAt = at;
  vMark = mark;
  vFromCamera = position - cameraPosition;
  gl_Position = projectionMatrix * viewMatrix * vec4(position, 1.0);
}`;

const builtFragment = /* glsl */ `
uniform sampler2D noise, signs;
varying vec3 vColour, vNormal, vFromCamera;
varying vec2 vAt, vMark;
void main() {
  vec3 normal = normalize(vNormal);
  if (dot(normal, vFromCamera) > 0.0) normal = -normal;
  float alpha = 1.0;
  vec3 reflectance = vColour;
  vec3 gloss = vec3(0.0);
  if (vMark.y > 1.5) {
    vec4 drawing = texture2D(signs, vAt);
    alpha = smoothstep(0.3, 0.7, drawing.a);
    reflectance = drawing.rgb * drawing.rgb * 0.85;
  } else if (vMark.y > 0.5) {
    // Windows in rows, one floor every 3.1 m; the ground floor is darker.
    vec2 cell = vec2(vAt.x / 2.9, (vAt.y - 1.6) / 3.1);
    vec2 within = fract(cell);
    vec4 chance = texture2D(noise, (floor(cell) + vNormal.xy * 7.0) * 0.173);
    vec2 soft = max(fwidth(cell), vec2(0.004));
    vec2 off = abs(within - vec2(0.5, 0.53));
    vec2 inFrame = 1.0 - smoothstep(vec2(0.21, 0.27) - soft, vec2(0.21, 0.27) + soft, off);
    vec2 inPane = 1.0 - smoothstep(vec2(0.175, 0.235) - soft, vec2(0.175, 0.235) + soft, off);
    float upper = step(0.0, cell.y);
    float bar = smoothstep(0.012, 0.012 + soft.x, off.x);
    float glass = inPane.x * inPane.y * upper * bar;
    reflectance *= 0.78 + 0.35 * (texture2D(noise, vAt * 0.06).g - 0.2) + 0.12 * (texture2D(noise, vAt * vec2(0.4, 0.03)).b - 0.5);
    reflectance *= 1.0 - 0.2 * smoothstep(0.93, 0.95, within.y) * upper;
    reflectance *= 0.7 + 0.3 * smoothstep(1.6, 3.2, vAt.y);
    reflectance = mix(reflectance, vec3(0.5, 0.49, 0.46), inFrame.x * inFrame.y * upper * 0.8);
    vec3 pane = mix(vec3(0.022, 0.026, 0.03), vec3(0.16, 0.15, 0.13), smoothstep(0.45, 0.75, chance.g) * step(off.y + chance.r * 0.3, 0.3));
    // Shops and doors below.
    float front = step(cell.y, -0.12) * step(0.12, within.x) * step(within.x, 0.86 - 0.3 * step(0.6, chance.r)) * step(1.6, vAt.y);
    pane = mix(pane, vec3(0.03, 0.03, 0.028), front);
    glass = max(glass, front);
    reflectance = mix(reflectance, pane, glass);
    gloss = glass * skyColour(reflect(normalize(vFromCamera), normal)) * 0.22;
  }
#ifdef IDS
  if (alpha < 0.5) discard;
  gl_FragColor = idColour(vMark.x, 0.0);
#else
  if (alpha < 0.05) discard;
  vec3 radiance = diffuse(reflectance, normal, 1.0) + gloss;
  gl_FragColor = vec4(finish(radiance, vFromCamera), alpha);
#endif
}`;
