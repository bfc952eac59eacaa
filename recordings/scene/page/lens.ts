import * as THREE from 'three';
import { camera } from '../world/camera.ts';
import { Random } from '../world/random.ts';
import type { View } from '../messages.ts';
import type { World } from '../world/world.ts';

/** Margin drawn around the view (frame pixels), for the lens to bend in. */
export const margin = 16;

/** The rectangle that the scene is drawn for: the view and its margin, within the frame. */
export function drawnRect(view: View): [number, number, number, number] {
  const [x, y, width, height] = view.rect;
  const [frameWidth, frameHeight] = camera.frame;
  const left = Math.max(0, x - margin);
  const top = Math.max(0, y - margin);
  return [
    left,
    top,
    Math.min(frameWidth, x + width + margin) - left,
    Math.min(frameHeight, y + height + margin) - top,
  ];
}

/**
 * Lens, bonnet and sensor: one full-screen pass from the drawn scene to the picture, one from id to
 * id.
 */
export class Lens {
  readonly #scene = new THREE.Scene();
  readonly #camera = new THREE.Camera();
  readonly #mesh: THREE.Mesh;
  readonly #picture: THREE.ShaderMaterial;
  readonly #ids: THREE.ShaderMaterial;
  readonly #average: THREE.ShaderMaterial;

  constructor(world: World, view: View) {
    const random = new Random(world.options.seed, 'lens');
    const bonnetHeight = random.chance(0.7) ? random.range(12, 34) : 0;
    const paint = random.pick([
      [0.03, 0.03, 0.035],
      [0.12, 0.12, 0.13],
      [0.1, 0.015, 0.015],
      [0.02, 0.03, 0.08],
    ]);
    const common = {
      source: { value: null },
      view: { value: new THREE.Vector4(...view.rect) },
      drawn: { value: new THREE.Vector4(...drawnRect(view)) },
      bonnet: {
        value: new THREE.Vector3(bonnetHeight, random.range(440, 560), random.range(520, 640)),
      },
      distortion: { value: camera.distortion },
    };
    const pixelsPerUnit = (view.width * view.oversampling) / view.rect[2];
    const material = (fragment: string, uniforms: Record<string, THREE.IUniform>) =>
      new THREE.ShaderMaterial({
        uniforms: { ...common, ...uniforms },
        vertexShader:
          'varying vec2 vAt; void main() { vAt = position.xy * 0.5 + 0.5; gl_Position = vec4(position.xy, 0.0, 1.0); }',
        fragmentShader: lensChunk + fragment,
        depthTest: false,
        depthWrite: false,
      });
    this.#picture = material(pictureFragment, {
      // Noise belongs to the sensor's pixels: a view drawn smaller averages it.
      noise: { value: (world.light.noise / 255) * Math.min(1, pixelsPerUnit) },
      noiseSeed: { value: 0 },
      vignette: { value: random.range(0.1, 0.24) },
      blur: { value: random.range(0.35, 0.75) },
      tint: { value: new THREE.Vector3(random.range(0.97, 1.04), 1, random.range(0.94, 1.02)) },
      saturation: { value: random.range(0.82, 1.1) },
      contrast: { value: random.range(0.25, 0.6) },
      bonnetPaint: { value: new THREE.Vector3(...paint) },
      bonnetSky: { value: new THREE.Vector3(...world.light.horizon).multiplyScalar(0.55) },
    });
    this.#ids = material(idFragment, {});
    this.#average = material(
      /* glsl */ `
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy) * 2;
  gl_FragColor = (texelFetch(source, at, 0) + texelFetch(source, at + ivec2(1, 0), 0) + texelFetch(source, at + ivec2(0, 1), 0) + texelFetch(source, at + ivec2(1, 1), 0)) * 0.25;
}`,
      {},
    );
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute(
      'position',
      new THREE.Float32BufferAttribute([-1, -1, 0, 3, -1, 0, -1, 3, 0], 3),
    );
    this.#mesh = new THREE.Mesh(geometry, this.#picture);
    this.#mesh.frustumCulled = false;
    this.#scene.add(this.#mesh);
  }

  picture(
    renderer: THREE.WebGLRenderer,
    source: THREE.Texture,
    target: THREE.WebGLRenderTarget,
    noiseSeed: number,
  ): void {
    (this.#picture.uniforms['noiseSeed'] as THREE.IUniform).value = noiseSeed;
    this.#pass(renderer, this.#picture, source, target);
  }

  ids(renderer: THREE.WebGLRenderer, source: THREE.Texture, target: THREE.WebGLRenderTarget): void {
    this.#pass(renderer, this.#ids, source, target);
  }

  average(
    renderer: THREE.WebGLRenderer,
    source: THREE.Texture,
    target: THREE.WebGLRenderTarget,
  ): void {
    this.#pass(renderer, this.#average, source, target);
  }

  #pass(
    renderer: THREE.WebGLRenderer,
    material: THREE.ShaderMaterial,
    source: THREE.Texture,
    target: THREE.WebGLRenderTarget,
  ) {
    (material.uniforms['source'] as THREE.IUniform).value = source;
    this.#mesh.material = material;
    renderer.setRenderTarget(target);
    renderer.render(this.#scene, this.#camera);
  }

  dispose(): void {
    this.#mesh.geometry.dispose();
    for (const material of [this.#picture, this.#ids, this.#average]) material.dispose();
  }
}

const lensChunk = /* glsl */ `
uniform sampler2D source;
uniform vec4 view, drawn;
uniform vec3 bonnet;
uniform float distortion;
varying vec2 vAt;
const vec2 middle = vec2(${camera.frame[0] / 2}.0, ${camera.frame[1] / 2}.0);

// Place in the frame of this output pixel. Rows come out from the top, as video wants them.
vec2 framePlace() { return view.xy + vAt * view.zw; }

vec2 bend(vec2 place) {
  vec2 off = (place - middle) / middle.x;
  float corner = 1.0 + middle.y * middle.y / (middle.x * middle.x);
  return middle + (place - middle) * (1.0 + distortion * dot(off, off)) / (1.0 + distortion * corner);
}

vec2 sourceAt(vec2 place) {
  vec2 at = (place - drawn.xy) / drawn.zw;
  return vec2(at.x, 1.0 - at.y);
}

// How far below the bonnet's edge, in frame pixels; negative above it.
float underBonnet(vec2 place) {
  float x = (place.x - bonnet.y) / bonnet.z;
  return place.y - (${camera.frame[1]}.0 - bonnet.x * (1.0 - x * x));
}
`;

const pictureFragment = /* glsl */ `
uniform float noise, noiseSeed, vignette, blur, saturation, contrast;
uniform vec3 tint, bonnetPaint, bonnetSky;

uint mixed(uint x) {
  x ^= x >> 16; x *= 0x7feb352du; x ^= x >> 15; x *= 0x846ca68bu; x ^= x >> 16;
  return x;
}

// Four numbers with a triangular spread, mean 0, standard deviation 1.
vec4 grain(uvec2 pixel) {
  uint a = mixed(pixel.x + mixed(pixel.y + mixed(uint(noiseSeed))));
  uint b = mixed(a + 0x9e3779b9u);
  vec4 u = vec4(float(a & 0xffffu), float(a >> 16), float(b & 0xffffu), float(b >> 16)) / 65535.0;
  uint c = mixed(b + 0x9e3779b9u);
  uint d = mixed(c + 0x9e3779b9u);
  vec4 v = vec4(float(c & 0xffffu), float(c >> 16), float(d & 0xffffu), float(d >> 16)) / 65535.0;
  return (u + v - 1.0) * 2.45;
}

void main() {
  vec2 place = framePlace();
  vec2 from = bend(place);
  vec2 off = (place - middle) / middle.x;
  float r2 = dot(off, off);
  float reach = blur * (1.0 + 0.8 * r2);
  vec3 colour = 0.25 * (
    texture2D(source, sourceAt(from + vec2(reach, reach * 0.4))).rgb + texture2D(source, sourceAt(from + vec2(-reach * 0.4, reach))).rgb +
    texture2D(source, sourceAt(from + vec2(-reach, -reach * 0.4))).rgb + texture2D(source, sourceAt(from + vec2(reach * 0.4, -reach))).rgb);
  float under = underBonnet(place);
  if (bonnet.x > 0.0 && under > -1.5) {
    vec3 shine = bonnetPaint + bonnetSky * (0.12 + 0.5 * exp(-max(under, 0.0) * 0.22));
    colour = mix(colour, sqrt(1.0 - exp(-shine)), smoothstep(-1.5, 1.5, under));
  }
  colour *= 1.0 - vignette * r2 * 0.8;
  float grey = dot(colour, vec3(0.3, 0.59, 0.11));
  colour = mix(vec3(grey), colour, saturation) * tint;
  colour = mix(colour, colour * colour * (3.0 - 2.0 * colour), contrast);
  // Photon noise grows with light, as seen through the square-root encoding: nearly even, more in
  // the dark.
  vec4 g = grain(uvec2(gl_FragCoord.xy));
  float size = noise * (0.75 + 0.5 * (1.0 - grey));
  colour += size * (g.w * 0.8 + g.rgb * 0.6);
  gl_FragColor = vec4(colour, 1.0);
}`;

const idFragment = /* glsl */ `
void main() {
  vec2 place = framePlace();
  vec2 at = sourceAt(bend(place));
  vec4 id = texelFetch(source, ivec2(at * vec2(textureSize(source, 0))), 0);
  gl_FragColor = bonnet.x > 0.0 && underBonnet(place) > 0.0 ? vec4(0.0) : id;
}`;
