import * as THREE from 'three';
import type { Vehicle } from '../world/traffic.ts';
import type { World } from '../world/world.ts';
import { makeMesh, makePair, type Shared } from './shading.ts';
import { carBody, truckBody } from './vehicle-bodies.ts';

interface Fleet {
  mesh: THREE.Mesh;
  vehicles: { vehicle: Vehicle; number: number }[];
}

/** All other cars: one instanced draw for each body, and their shadows. */
export class Vehicles {
  readonly group = new THREE.Group();
  readonly #world: World;
  readonly #fleets: Fleet[] = [];
  readonly #shadows: Fleet;

  constructor(world: World, shared: Shared) {
    this.#world = world;
    const all = world.vehicles.map((vehicle, index) => ({
      vehicle,
      number: world.standing.length + index + 1,
    }));
    const bodies = [carBody(0), carBody(1), carBody(2), truckBody()];
    const pair = makePair(shared, {
      vertex: bodyVertex,
      fragment: bodyFragment,
      uniforms: {},
      settings: { side: THREE.DoubleSide },
    });
    bodies.forEach((body, index) => {
      const vehicles = all.filter(
        ({ vehicle }) => (vehicle.kind === 'truck' ? 3 : vehicle.body) === index,
      );
      this.#fleets.push(this.#fleet(body.build(), vehicles, pair));
    });
    const quad = new THREE.BufferGeometry();
    quad.setAttribute(
      'position',
      new THREE.Float32BufferAttribute([-1, -1, 0.03, 1, -1, 0.03, 1, 1, 0.03, -1, 1, 0.03], 3),
    );
    quad.setIndex([0, 1, 2, 0, 2, 3]);
    this.#shadows = this.#fleet(
      quad,
      all,
      makePair(shared, {
        vertex: shadowVertex,
        fragment: shadowFragment,
        uniforms: {},
        inIds: false,
        settings: {
          transparent: true,
          depthWrite: false,
          polygonOffset: true,
          polygonOffsetFactor: -2,
          polygonOffsetUnits: -8,
        },
      }),
    );
  }

  #fleet(
    body: THREE.BufferGeometry,
    vehicles: Fleet['vehicles'],
    pair: ReturnType<typeof makePair>,
  ): Fleet {
    const geometry = new THREE.InstancedBufferGeometry();
    geometry.index = body.index;
    for (const name of Object.keys(body.attributes))
      geometry.setAttribute(name, body.getAttribute(name));
    geometry.setAttribute(
      'place',
      new THREE.InstancedBufferAttribute(new Float32Array(Math.max(1, vehicles.length) * 4), 4),
    );
    geometry.setAttribute(
      'kind',
      new THREE.InstancedBufferAttribute(new Float32Array(Math.max(1, vehicles.length) * 4), 4),
    );
    geometry.instanceCount = 0;
    const mesh = makeMesh(geometry, pair);
    mesh.frustumCulled = false;
    this.group.add(mesh);
    return { mesh, vehicles };
  }

  /** Places the vehicles that can be seen by a camera at `here`. */
  setTime(t: number, here: { x: number; y: number; heading: number }): void {
    for (const { mesh, vehicles } of [...this.#fleets, this.#shadows]) {
      const geometry = mesh.geometry as THREE.InstancedBufferGeometry;
      const place = geometry.getAttribute('place') as THREE.InstancedBufferAttribute;
      const kind = geometry.getAttribute('kind') as THREE.InstancedBufferAttribute;
      let count = 0;
      for (const { vehicle, number } of vehicles) {
        const pose = this.#world.vehicle(vehicle, t);
        const ahead =
          (pose.x - here.x) * Math.cos(here.heading) + (pose.y - here.y) * Math.sin(here.heading);
        if (ahead < -6 || ahead > 420 || pose.s > this.#world.alignment.length - 5 || pose.s < -60)
          continue;
        place.setXYZW(count, pose.x, pose.y, pose.z, pose.heading);
        kind.setXYZW(count, vehicle.paint, number, pose.pitch, vehicle.kind === 'truck' ? 1 : 0);
        count++;
      }
      geometry.instanceCount = count;
      place.needsUpdate = true;
      kind.needsUpdate = true;
    }
  }
}

const placing = /* glsl */ `
attribute vec4 place, kind;
vec3 turned(vec3 v) {
  float c = cos(place.w), s = sin(place.w);
  return vec3(c * v.x - s * v.y, s * v.x + c * v.y, v.z);
}
`;

const bodyVertex = /* glsl */ `
${placing}
attribute vec2 mark;
varying vec3 vNormal, vFromCamera, vBody;
varying vec4 vKind;
varying float vPart;
void main() {
  vKind = kind;
  vPart = mark.x;
  vBody = position;
  vec3 at = turned(position + vec3(0.0, 0.0, position.x * tan(kind.z))) + place.xyz;
  vNormal = turned(normal);
  vFromCamera = at - cameraPosition;
  gl_Position = projectionMatrix * viewMatrix * vec4(at, 1.0);
}`;

const bodyFragment = /* glsl */ `
varying vec3 vNormal, vFromCamera, vBody;
varying vec4 vKind;
varying float vPart;

vec3 paintOf(float draw) {
  if (draw < 0.24) return vec3(0.62, 0.62, 0.6);
  if (draw < 0.42) return vec3(0.02, 0.02, 0.023);
  if (draw < 0.64) return vec3(0.26, 0.27, 0.28);
  if (draw < 0.76) return vec3(0.32, 0.028, 0.03);
  if (draw < 0.9) return vec3(0.035, 0.07, 0.2);
  return vec3(0.25, 0.21, 0.13);
}

void main() {
#ifdef IDS
  gl_FragColor = idColour(vKind.y, 0.0);
#else
  vec3 normal = normalize(vNormal);
  if (dot(normal, vFromCamera) > 0.0) normal = -normal;
  vec3 view = normalize(vFromCamera);
  float fresnel = 0.04 + 0.5 * pow(1.0 - max(dot(-view, normal), 0.0), 4.0);
  // A car mirrors the sky above it and the road below.
  vec3 mirrored = reflect(view, normal);
  vec3 around = mix(ambient * 0.12, skyColour(mirrored), smoothstep(-0.12, 0.12, mirrored.z));
  vec3 glint = sunColour * pow(max(dot(mirrored, sunDirection), 0.0), 60.0) * 2.0;
  vec3 reflectance = paintOf(vKind.x);
  float mirror = 1.0;
  vec3 light = vec3(0.0);
  if (vKind.w > 0.5 && vPart < 0.5) { reflectance = mix(vec3(0.6), reflectance, 0.35); mirror = 0.2; }
  if (vPart > 0.5 && vPart < 1.5) { reflectance = vec3(0.012); mirror = 1.5; }
  else if (vPart > 1.5 && vPart < 2.5) { reflectance = vec3(0.02); mirror = 0.1; }
  else if (vPart > 2.5 && vPart < 3.5) { reflectance = vec3(0.35, 0.01, 0.01); light = vec3(0.22, 0.008, 0.006) * smoothstep(1.6, 0.6, ambient.g + sunColour.g); }
  else if (vPart > 3.5 && vPart < 4.5) { reflectance = vec3(0.5); light = vec3(1.6, 1.5, 1.3) * smoothstep(1.6, 0.6, ambient.g + sunColour.g) + 0.25; }
  else if (vPart > 4.5 && vPart < 5.5) { reflectance = vec3(0.7, 0.68, 0.55); mirror = 0.2; }
  else if (vPart > 5.5) { reflectance = vec3(0.17); mirror = 0.3; }
  float low = smoothstep(0.1, 0.7, vBody.z);
  vec3 radiance = diffuse(reflectance, normal, 1.0) * (0.45 + 0.55 * low) + (around * fresnel + glint * fresnel) * mirror + light;
  gl_FragColor = vec4(finish(radiance, vFromCamera), 1.0);
#endif
}`;

const shadowVertex = /* glsl */ `
${placing}
uniform vec3 sunDirection, sunColour;
varying vec2 vAt;
varying vec3 vFromCamera;
void main() {
  vec2 half_ = mix(vec2(2.75, 1.45), vec2(5.4, 1.75), kind.w);
  vAt = position.xy;
  vec3 local = vec3(position.xy * half_, 0.0);
  vec3 at = turned(local + vec3(0.0, 0.0, local.x * tan(kind.z))) + place.xyz;
  at.xy -= sunDirection.xy / max(sunDirection.z, 0.35) * 0.35 * min(1.0, sunColour.g);
  at.z += position.z;
  vFromCamera = at - cameraPosition;
  gl_Position = projectionMatrix * viewMatrix * vec4(at, 1.0);
}`;

const shadowFragment = /* glsl */ `
varying vec2 vAt;
varying vec3 vFromCamera;
void main() {
  vec2 edge = smoothstep(vec2(1.0), vec2(0.62), abs(vAt));
  float dark = edge.x * edge.y * 0.78 * exp(-length(vFromCamera) * fog);
  gl_FragColor = vec4(vec3(0.0), dark);
}`;
