import * as THREE from 'three';
import type { Standing } from '../world/objects.ts';
import { smoothNoise } from '../world/random.ts';
import type { World } from '../world/world.ts';

/** The sun's share on the ground in road coordinates: u along s, v along d. */
export interface ShadowTexture {
  texture: THREE.DataTexture;
  /** s and d at the texture's origin, and the lengths that it spans. */
  origin: [number, number];
  span: [number, number];
}

const alongStep = 0.35;
const acrossStep = 0.2;

/** Shadows of what stands still, baked once: the sun does not move within a drive. */
export function bakeShadows(world: World, largest: number): ShadowTexture {
  const low = world.section.right - 7;
  const high = world.section.left + 7;
  const origin: [number, number] = [-40, low];
  const along = Math.min(largest, Math.ceil((world.alignment.length + 40) / alongStep));
  const across = Math.ceil((high - low) / acrossStep);
  const lit = new Uint8Array(along * across).fill(255);
  if (world.light.sky !== 'overcast' && world.light.sky !== 'rain') {
    for (const object of world.standing) castShadow(world, object, lit, along, across, origin);
  }
  const texture = new THREE.DataTexture(lit, along, across, THREE.RedFormat);
  texture.magFilter = THREE.LinearFilter;
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return { texture, origin, span: [along * alongStep, across * acrossStep] };
}

function castShadow(
  world: World,
  object: Standing,
  lit: Uint8Array,
  along: number,
  across: number,
  origin: [number, number],
) {
  const { kind } = object;
  if (kind === 'guard-rail' || kind === 'barrier' || kind === 'woods') return;
  const heading = world.alignment.at(object.s).heading;
  // Shadows fall away from the sun: metres of ground for each metre of height, along s and along d.
  const reach = Math.min(8, 1 / Math.tan(world.light.sunElevation));
  const ds = -reach * Math.cos(world.light.sunAzimuth - heading);
  const dd = -reach * Math.sin(world.light.sunAzimuth - heading);
  const grown = kind === 'tree' || kind === 'bush';
  const length = Math.hypot(ds, dd);
  const half = object.width / 2;
  const plan =
    kind === 'building' || kind === 'bale' ? Math.hypot(object.width, object.depth) / 2 : half;
  const from = {
    s: object.s + Math.min(0, ds * object.height) - plan,
    d: object.d + Math.min(0, dd * object.height) - plan,
  };
  const to = {
    s: object.s + Math.max(0, ds * object.height) + plan,
    d: object.d + Math.max(0, dd * object.height) + plan,
  };
  const turn = object.facing - heading;
  for (
    let j = Math.max(0, Math.floor((from.d - origin[1]) / acrossStep));
    j < Math.min(across, (to.d - origin[1]) / acrossStep);
    j++
  ) {
    for (
      let i = Math.max(0, Math.floor((from.s - origin[0]) / alongStep));
      i < Math.min(along, (to.s - origin[0]) / alongStep);
      i++
    ) {
      const s = origin[0] + (i + 0.5) * alongStep - object.s;
      const d = origin[1] + (j + 0.5) * acrossStep - object.d;
      // Along the shadow as height of the ray's meeting with the object's axis, and across it.
      const height = (s * ds + d * dd) / (length * length);
      const aside = (d * ds - s * dd) / length;
      let dark;
      if (grown) {
        const middle = object.height * 0.6;
        const u = (height - middle) / (object.height * 0.42 + half / length);
        const v = aside / half;
        const leaves =
          smoothNoise(Math.floor(object.s * 7), s * 0.9) +
          smoothNoise(Math.floor(object.s * 7) + 3, d * 1.1) +
          smoothNoise(5, s * 2.3 + d * 1.7);
        dark = u * u + v * v + 0.28 * leaves < 0.9 ? 0.82 : 0;
        if (dark === 0 && height > 0 && height < middle && Math.abs(aside) < 0.25) dark = 0.6;
      } else if (kind === 'building' || kind === 'bale') {
        dark = boxShades(s, d, ds, dd, object, turn) ? 1 : 0;
      } else if (kind === 'cue' || kind === 'sign') {
        const plate = kind === 'cue' ? 0.35 : 0.6;
        dark =
          height > object.height * plate && height < object.height && Math.abs(aside) < half
            ? 0.9
            : 0;
      } else {
        dark = height > 0 && height < object.height && Math.abs(aside) < 0.14 ? 0.7 : 0;
      }
      if (dark > 0) lit[j * along + i] = Math.min(lit[j * along + i] as number, 255 * (1 - dark));
    }
  }
}

/**
 * Whether the ray from a ground point (relative to the box's middle) towards the sun enters the box
 * below its top.
 */
function boxShades(
  s: number,
  d: number,
  ds: number,
  dd: number,
  box: Standing,
  turn: number,
): boolean {
  const c = Math.cos(turn);
  const n = Math.sin(turn);
  const p = [s * c + d * n, d * c - s * n];
  const r = [-(ds * c + dd * n), -(dd * c - ds * n)];
  const half = [box.depth / 2, box.width / 2];
  let enter = 0;
  let leave = box.height;
  for (let axis = 0; axis < 2; axis++) {
    const rate = r[axis] as number;
    const a = (-(half[axis] as number) - (p[axis] as number)) / rate;
    const b = ((half[axis] as number) - (p[axis] as number)) / rate;
    enter = Math.max(enter, Math.min(a, b));
    leave = Math.min(leave, Math.max(a, b));
  }
  return enter < leave;
}
