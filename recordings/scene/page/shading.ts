import * as THREE from 'three';
import type { World } from '../world/world.ts';
import { exposureAt, sunShare } from '../world/light.ts';
import { drawPalette } from '../world/palette.ts';

/** Uniforms that every material of a scene shares. */
export type Shared = Record<string, THREE.IUniform>;

export function sharedUniforms(world: World): Shared {
  const { light } = world;
  const palette = drawPalette(world.plan, world.options.seed);
  const flat = Math.cos(light.sunElevation);
  return {
    sunDirection: {
      value: new THREE.Vector3(
        flat * Math.cos(light.sunAzimuth),
        flat * Math.sin(light.sunAzimuth),
        Math.sin(light.sunElevation),
      ),
    },
    sunColour: { value: new THREE.Vector3(...light.sun) },
    ambient: { value: new THREE.Vector3(...light.ambient) },
    zenith: { value: new THREE.Vector3(...light.zenith) },
    horizon: { value: new THREE.Vector3(...light.horizon) },
    fog: { value: light.fog },
    cloudiness: { value: light.cloudiness },
    wetness: { value: light.wetness },
    exposure: { value: light.exposure },
    grass: { value: new THREE.Vector3(...palette.grass) },
    dryGrass: { value: new THREE.Vector3(...palette.dryGrass) },
    dryness: { value: palette.dryness },
    leafDark: { value: new THREE.Vector3(...palette.leaf[0]) },
    leafLight: { value: new THREE.Vector3(...palette.leaf[1]) },
    earth: { value: new THREE.Vector3(...palette.earth) },
    asphalt: { value: new THREE.Vector3(...palette.asphalt) },
    cover: { value: new THREE.Vector3(...palette.cover) },
    time: { value: 0 },
  };
}

export function setTime(shared: Shared, world: World, t: number): void {
  const share = sunShare(world.light, t);
  const [r, g, b] = world.light.sun;
  (shared['sunColour'] as THREE.IUniform<THREE.Vector3>).value.set(r * share, g * share, b * share);
  (shared['exposure'] as THREE.IUniform<number>).value = exposureAt(world.light, t);
  (shared['time'] as THREE.IUniform<number>).value = t;
}

/**
 * Light, air and film, for every fragment shader. `finish` takes linear radiance and gives the
 * display-encoded colour; the encoding is a square root, which is close to the sRGB curve and cheap
 * in software.
 */
export const shadingChunk = /* glsl */ `
uniform vec3 sunDirection, sunColour, ambient, zenith, horizon;
uniform float fog, cloudiness, wetness, exposure, time;

vec3 skyColour(vec3 direction) {
  float up = max(direction.z, 0.0);
  vec3 sky = mix(horizon, zenith, 1.0 - exp(-4.5 * up));
  float toSun = max(dot(direction, sunDirection), 0.0);
  float glow = toSun * toSun * toSun;
  glow *= glow;
  float core = glow * glow;
  core *= core * core;
  return sky + sunColour * (0.10 * glow + 0.3 * core * core);
}

vec3 diffuse(vec3 reflectance, vec3 normal, float sunlit) {
  float up = 0.62 + 0.38 * normal.z;
  return reflectance * (ambient * up + sunColour * sunlit * max(dot(normal, sunDirection), 0.0));
}

vec3 finish(vec3 radiance, vec3 fromCamera) {
  float distance = length(fromCamera);
  float clear = exp(-distance * fog);
  vec3 air = horizon * 0.86 + sunColour * 0.05 * max(dot(fromCamera / distance, sunDirection), 0.0);
  vec3 seen = mix(air, radiance, clear) * exposure;
  return sqrt(1.0 - exp(-1.05 * seen));
}

vec4 idColour(float number, float surface) {
  return vec4(mod(number, 256.0), floor(number / 256.0), surface, 255.0) / 255.0;
}
`;

export interface Look {
  vertex: string;
  /** Body of the fragment shader; `IDS` is defined for the pass that draws object numbers. */
  fragment: string;
  uniforms: Record<string, THREE.IUniform>;
  settings?: Partial<THREE.ShaderMaterialParameters>;
  /** Whether the id pass draws it: blob shadows and the sky do not count. */
  inIds?: boolean;
}

/** Two materials from one source: what the camera sees, and which object it is. */
export interface Pair {
  look: THREE.ShaderMaterial;
  ids: THREE.ShaderMaterial | null;
}

export function makePair(shared: Shared, look: Look): Pair {
  const build = (
    defines: Record<string, string>,
    settings: Partial<THREE.ShaderMaterialParameters>,
  ) =>
    new THREE.ShaderMaterial({
      uniforms: { ...shared, ...look.uniforms },
      vertexShader: look.vertex,
      fragmentShader: shadingChunk + look.fragment,
      defines,
      ...settings,
    });
  const plain = { ...look.settings };
  delete plain.alphaToCoverage;
  return {
    look: build({}, look.settings ?? {}),
    ids: look.inIds === false ? null : build({ IDS: '' }, plain),
  };
}

export function makeMesh(geometry: THREE.BufferGeometry, pair: Pair): THREE.Mesh {
  const mesh = new THREE.Mesh(geometry, pair.look);
  mesh.userData = { pair };
  mesh.matrixAutoUpdate = false;
  return mesh;
}

/** Puts every mesh of the scene into one pass or the other. */
export function choosePass(scene: THREE.Scene, pass: 'look' | 'ids'): void {
  scene.traverse((object) => {
    if (!(object instanceof THREE.Mesh)) return;
    const pair = object.userData['pair'] as Pair;
    object.visible = object.userData['near'] !== false && (pass === 'look' || pair.ids !== null);
    object.material = (pass === 'look' ? pair.look : pair.ids) ?? pair.look;
  });
}
