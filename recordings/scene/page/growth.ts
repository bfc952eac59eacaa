import * as THREE from 'three';
import { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { makeMesh, makePair, type Shared } from './shading.ts';
import { drawingColumns, drawingRows } from './tree-drawings.ts';

/** Trees, bushes, woods and tufts of grass: upright cards that turn to the camera, all in one draw. */
export function makeGrowth(world: World, shared: Shared, drawings: THREE.Texture): THREE.Mesh {
  const foot: number[] = [];
  const size: number[] = [];
  const look: number[] = [];
  world.standing.forEach((object, index) => {
    const { kind } = object;
    if (kind !== 'tree' && kind !== 'bush' && kind !== 'woods') return;
    foot.push(object.x, object.y, object.z - 0.12);
    size.push(object.width, object.height);
    look.push(object.variant, object.tint, index + 1);
  });
  if (world.plan.setting !== 'city') addTufts(world, foot, size, look);
  const geometry = new THREE.InstancedBufferGeometry();
  geometry.setAttribute('position', new THREE.Float32BufferAttribute([-0.5, 0, 0, 0.5, 0, 0, 0.5, 1, 0, -0.5, 1, 0], 3));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  geometry.setAttribute('foot', new THREE.InstancedBufferAttribute(new Float32Array(foot), 3));
  geometry.setAttribute('size', new THREE.InstancedBufferAttribute(new Float32Array(size), 2));
  geometry.setAttribute('look', new THREE.InstancedBufferAttribute(new Float32Array(look), 3));
  const mesh = makeMesh(
    geometry,
    makePair(shared, {
      vertex: /* glsl */ `
attribute vec3 foot, look;
attribute vec2 size;
varying vec2 vAt, vCard;
varying vec3 vFromCamera, vLook, vAside;
void main() {
  vec2 away = normalize(foot.xy - cameraPosition.xy);
  vAside = vec3(away.y, -away.x, 0.0);
  vec3 place = foot + vAside * (position.x * size.x) + vec3(0.0, 0.0, position.y * size.y);
  vFromCamera = place - cameraPosition;
  vCard = position.xy;
  float mirrored = fract(look.y * 37.0) < 0.5 ? position.x : -position.x;
  vAt = (vec2(mod(look.x, ${drawingColumns}.0), floor(look.x / ${drawingColumns}.0)) + vec2(mirrored + 0.5, position.y)) / vec2(${drawingColumns}.0, ${drawingRows}.0);
  vLook = look;
  // Grass is only worth its pixels near by.
  float far = look.x > 7.5 && dot(vFromCamera, vFromCamera) > 3600.0 ? 1.0 : 0.0;
  gl_Position = far > 0.5 ? vec4(0.0, 0.0, 2.0, 1.0) : projectionMatrix * viewMatrix * vec4(place, 1.0);
}`,
      fragment: /* glsl */ `
uniform sampler2D drawings;
uniform vec3 leafDark, leafLight, grass, dryGrass;
uniform float dryness;
varying vec2 vAt, vCard;
varying vec3 vFromCamera, vLook, vAside;
void main() {
  vec4 drawing = texture2D(drawings, vAt);
#ifdef IDS
  if (drawing.a < 0.4) discard;
  gl_FragColor = idColour(vLook.z, 0.0);
#else
  float alpha = clamp((drawing.a - 0.4) / max(fwidth(drawing.a), 0.05) + 0.5, 0.0, 1.0);
  if (alpha < 0.05) discard;
  bool tuft = vLook.x > 7.5;
  bool conifer = vLook.x > 3.5 && vLook.x < 5.5;
  vec3 leaf = mix(leafDark, leafLight, vLook.y);
  if (conifer) leaf = mix(vec3(0.03, 0.055, 0.03), vec3(0.06, 0.085, 0.035), vLook.y);
  if (tuft) leaf = mix(grass, dryGrass, clamp(dryness + (vLook.y - 0.5) * 0.7, 0.0, 1.0)) * 0.85;
  vec3 reflectance = mix(vec3(0.11, 0.085, 0.06), leaf, drawing.g) * (0.3 + 1.75 * drawing.r * drawing.r + 0.25 * drawing.r);
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
    }),
  );
  mesh.frustumCulled = false;
  return mesh;
}

/** Grass and weeds along both edges. They have no number of their own. */
function addTufts(world: World, foot: number[], size: number[], look: number[]) {
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
    foot.push(road.x - d * Math.sin(road.heading), road.y + d * Math.cos(road.heading), world.ground(s, d) - 0.03);
    size.push(height * random.range(1.5, 2.8), height);
    look.push(variant, tint, 0);
  }
}
