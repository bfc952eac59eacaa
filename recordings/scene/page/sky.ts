import * as THREE from 'three';
import { smoothNoise } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { makeMesh, makePair, type Shared } from './shading.ts';

/** Sky behind everything, with two sheets of cloud. */
export function makeSky(shared: Shared, noise: THREE.Texture): THREE.Mesh {
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute(
    'position',
    new THREE.Float32BufferAttribute([-1, -1, 1, 3, -1, 1, -1, 3, 1], 3),
  );
  const mesh = makeMesh(
    geometry,
    makePair(shared, {
      vertex: /* glsl */ `
varying vec3 vDirection;
void main() {
  vec4 far = inverse(projectionMatrix) * vec4(position.xy, 1.0, 1.0);
  vDirection = transpose(mat3(viewMatrix)) * (far.xyz / far.w);
  gl_Position = vec4(position.xy, 1.0, 1.0);
}`,
      fragment: /* glsl */ `
uniform sampler2D noise;
varying vec3 vDirection;
void main() {
  vec3 direction = normalize(vDirection);
  vec3 colour = skyColour(direction);
  if (direction.z > 0.0) {
    vec2 at = direction.xy / (direction.z + 0.13);
    float thick = texture2D(noise, at * 0.05 + vec2(time * 0.0004, 0.0)).g * 0.68 + texture2D(noise, at * 0.23).g * 0.34;
    float cover = smoothstep(0.72 - 0.5 * cloudiness, 0.98 - 0.5 * cloudiness, thick) * min(1.0, cloudiness * 3.0);
    vec3 bright = horizon * 0.95 + sunColour * 0.12;
    vec3 cloud = mix(bright, ambient * 0.85, smoothstep(0.45, 0.8, thick) * (0.3 + 0.4 * cloudiness));
    colour = mix(colour, cloud, cover * smoothstep(0.0, 0.12, direction.z));
  }
  gl_FragColor = vec4(finish(colour, vec3(0.0, 0.0, 1e-3)), 1.0);
}`,
      uniforms: { noise: { value: noise } },
      settings: { depthWrite: false },
      inIds: false,
    }),
  );
  mesh.frustumCulled = false;
  mesh.renderOrder = 10;
  return mesh;
}

/**
 * Land to the horizon: a plain, and three ranges of hills around the camera, paler the further off.
 */
export function makeDistance(world: World, shared: Shared): THREE.Mesh {
  const position: number[] = [];
  const shade: number[] = [];
  const index: number[] = [];
  const seed = world.options.seed;
  const steps = 180;
  const rough = world.plan.setting === 'city' ? 0.4 : 1;
  const ranges = [
    { radius: 700, low: -14, high: 10 * rough, shade: 0.2, rough: 26 },
    { radius: 1500, low: -14, high: 45 * rough, shade: 0.5, rough: 14 },
    { radius: 2800, low: -14, high: 110 * rough, shade: 0.8, rough: 9 },
  ];
  ranges.forEach((range, layer) => {
    const start = position.length / 3;
    for (let i = 0; i <= steps; i++) {
      const angle = (i / steps) * 2 * Math.PI;
      // Read around a circle, so that the ends meet.
      const wave = (k: number) =>
        smoothNoise(seed + 60 + layer * 10, 50 + k * Math.cos(angle)) +
        smoothNoise(seed + 65 + layer * 10, 50 + k * Math.sin(angle));
      const height =
        range.high *
        Math.max(0.05, 0.5 + 0.45 * wave(range.rough * 0.35) + 0.12 * wave(range.rough));
      const x = range.radius * Math.cos(angle);
      const y = range.radius * Math.sin(angle);
      position.push(x, y, range.low - 30, x, y, height);
      shade.push(range.shade, range.shade);
      if (i < steps) {
        const at = start + 2 * i;
        index.push(at, at + 1, at + 2, at + 2, at + 1, at + 3);
      }
    }
  });
  const plain = position.length / 3;
  position.push(-4000, -4000, -16, 4000, -4000, -16, 4000, 4000, -16, -4000, 4000, -16);
  shade.push(0, 0, 0, 0);
  index.push(plain, plain + 1, plain + 2, plain, plain + 2, plain + 3);
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute('position', new THREE.Float32BufferAttribute(position, 3));
  geometry.setAttribute('shade', new THREE.Float32BufferAttribute(shade, 1));
  geometry.setIndex(index);
  const mesh = makeMesh(
    geometry,
    makePair(shared, {
      vertex: /* glsl */ `
attribute float shade;
varying float vShade;
varying vec3 vFromCamera;
void main() {
  vShade = shade;
  vFromCamera = position - vec3(0.0, 0.0, cameraPosition.z - modelMatrix[3].z);
  gl_Position = projectionMatrix * viewMatrix * vec4(position.xy + cameraPosition.xy, position.z + modelMatrix[3].z, 1.0);
}`,
      fragment: /* glsl */ `
uniform vec3 grass, leafDark, dryGrass;
uniform float dryness;
varying float vShade;
varying vec3 vFromCamera;
void main() {
#ifdef IDS
  gl_FragColor = idColour(0.0, 0.0);
#else
  vec3 land = vShade < 0.1 ? mix(grass, dryGrass, dryness * 0.7) : mix(leafDark, grass, 0.35);
  float distance = length(vFromCamera);
  vec3 radiance = diffuse(land, vec3(0.0, 0.0, 1.0), 0.8);
  // Air between here and the hills, on top of the day's fog.
  radiance = mix(radiance, mix(zenith, horizon, 0.55) * 0.8, vShade * 0.75);
  gl_FragColor = vec4(finish(radiance, vFromCamera * min(1.0, 900.0 / distance)), 1.0);
#endif
}`,
      uniforms: {},
      settings: { side: THREE.DoubleSide },
    }),
  );
  mesh.frustumCulled = false;
  return mesh;
}
