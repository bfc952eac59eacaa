import * as THREE from 'three';
import { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { chunksOf, type Chunk } from './chunks.ts';
import { makeMesh, makePair, type Pair, type Shared } from './shading.ts';

interface Card {
  s: number;
  foot: [number, number, number];
  size: [number, number];
  /** Drawing, tint, object number. */
  look: [number, number, number];
}

/** Trees, bushes, woods and tufts of grass: upright cards that turn to the camera. */
export function makeGrowth(world: World, shared: Shared, drawings: THREE.Texture): Chunk[] {
  const cards: Card[] = [];
  world.standing.forEach((object, index) => {
    const { kind, s } = object;
    if (kind !== 'tree' && kind !== 'bush' && kind !== 'woods') return;
    cards.push({
      s,
      foot: [object.x, object.y, object.z - 0.12],
      size: [object.width, object.height],
      look: [object.variant, object.tint, index + 1],
    });
  });
  if (world.plan.setting !== 'city') addTufts(world, cards);
  const pair = growthPair(shared, drawings);
  return chunksOf(cards).map(({ s, items }) => ({ s, mesh: makeMesh(cardGeometry(items), pair) }));
}

/** Four vertices a card: software GPUs are slow at instances. */
function cardGeometry(cards: Card[]): THREE.BufferGeometry {
  const corner: number[] = [];
  const foot: number[] = [];
  const size: number[] = [];
  const look: number[] = [];
  const index: number[] = [];
  for (const card of cards) {
    const first = corner.length / 2;
    for (const at of [
      [-0.5, 0],
      [0.5, 0],
      [0.5, 1],
      [-0.5, 1],
    ]) {
      corner.push(...at);
      foot.push(...card.foot);
      size.push(...card.size);
      look.push(...card.look);
    }
    index.push(first, first + 1, first + 2, first, first + 2, first + 3);
  }
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute('position', new THREE.Float32BufferAttribute(foot, 3));
  geometry.setAttribute('corner', new THREE.Float32BufferAttribute(corner, 2));
  geometry.setAttribute('size', new THREE.Float32BufferAttribute(size, 2));
  geometry.setAttribute('look', new THREE.Float32BufferAttribute(look, 3));
  geometry.setIndex(index);
  geometry.computeBoundingSphere();
  if (geometry.boundingSphere !== null) geometry.boundingSphere.radius += 15;
  return geometry;
}

function growthPair(shared: Shared, drawings: THREE.Texture): Pair {
  return makePair(shared, {
    vertex: /* glsl */ `
attribute vec3 look;
attribute vec2 corner, size;
varying vec2 vAt, vCard;
varying vec3 vFromCamera, vLook, vAside;
void main() {
  vec2 away = normalize(position.xy - cameraPosition.xy);
  vAside = vec3(away.y, -away.x, 0.0);
  vec3 place = position + vAside * (corner.x * size.x) + vec3(0.0, 0.0, corner.y * size.y);
  vFromCamera = place - cameraPosition;
  vCard = corner;
  float mirrored = fract(look.y * 37.0) < 0.5 ? corner.x : -corner.x;
  vAt = vec2(mirrored + 0.5, corner.y);
  vLook = look;
  // Grass is only worth its pixels near by.
  float far = look.x > 7.5 && dot(vFromCamera, vFromCamera) > 3600.0 ? 1.0 : 0.0;
  gl_Position = far > 0.5 ? vec4(0.0, 0.0, 2.0, 1.0) : projectionMatrix * viewMatrix * vec4(place, 1.0);
}`,
    fragment: /* glsl */ `
precision highp sampler2DArray;
uniform sampler2DArray drawings;
uniform vec3 leafDark, leafLight, grass, dryGrass;
uniform float dryness;
varying vec2 vAt, vCard;
varying vec3 vFromCamera, vLook, vAside;
void main() {
  vec4 drawing = texture(drawings, vec3(vAt, floor(vLook.x + 0.5)));
#ifdef IDS
  if (drawing.a < 0.4) discard;
  gl_FragColor = idColour(vLook.z, 0.0);
#else
  float alpha = clamp((drawing.a - 0.4) / max(fwidth(drawing.a), 0.05) + 0.5, 0.0, 1.0);
  if (alpha < 0.05) discard;
  bool tuft = vLook.x > 7.5;
  bool conifer = vLook.x > 3.5 && vLook.x < 5.5;
  vec3 leaf = mix(leafDark, leafLight, vLook.y);
  if (conifer) leaf = mix(vec3(0.04, 0.07, 0.035), vec3(0.085, 0.11, 0.045), vLook.y);
  if (tuft) leaf = mix(grass, dryGrass, clamp(dryness + (vLook.y - 0.5) * 0.7, 0.0, 1.0)) * 0.85;
  vec3 reflectance = mix(vec3(0.11, 0.085, 0.06), leaf, drawing.g) * (0.24 + 2.8 * drawing.r * drawing.r + 0.3 * drawing.r);
  // A crown is round: its sides face sideways.
  vec3 toCamera = -normalize(vec3(vFromCamera.xy, 0.0));
  vec3 normal = normalize(vAside * vCard.x * 1.7 + toCamera * 0.7 + vec3(0.0, 0.0, 0.35 + 0.9 * (vCard.y - 0.4)));
  float lit = 0.3 + 0.7 * smoothstep(0.2, 0.75, drawing.r);
  vec3 radiance = reflectance * (ambient * (0.55 + 0.45 * vCard.y) + sunColour * lit * (0.18 + 0.82 * max(dot(normal, sunDirection), 0.0)));
  gl_FragColor = vec4(finish(radiance, vFromCamera), alpha);
#endif
}`,
    uniforms: { drawings: { value: drawings } },
    settings: { alphaToCoverage: true, side: THREE.DoubleSide },
  });
}

/** Grass and weeds along both edges. They have no number of their own. */
function addTufts(world: World, cards: Card[]) {
  const random = new Random(world.options.seed, 'tufts');
  const { section, alignment } = world;
  const leftEdge = section.opposite?.left ?? section.left;
  const thick = random.range(0.2, 1) * (world.plan.roadVisibility < 0.5 ? 0.25 : 1);
  for (let s = -10; s < alignment.length - 100; s += 0.45) {
    const out = section.gravel * 0.8 + 0.15 + 5.5 * random.next() ** 2;
    const left = random.chance(0.5);
    const height = random.range(0.14, 0.5) * (0.6 + 0.12 * out);
    const tint = random.next();
    const variant = 8 + random.below(2);
    if (!random.chance(thick)) continue;
    const d = left ? leftEdge + out : section.right - out;
    const road = alignment.at(s);
    cards.push({
      s,
      foot: [
        road.x - d * Math.sin(road.heading),
        road.y + d * Math.cos(road.heading),
        world.ground(s, d) - 0.03,
      ],
      size: [height * random.range(1.5, 2.8), height],
      look: [variant, tint, 0],
    });
  }
}
