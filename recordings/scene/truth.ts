import { surfaces, type View } from './messages.ts';
import type { Drawn } from './renderer.ts';
import { encodeRuns } from './run-lengths.ts';
import { camera } from './world/camera.ts';
import { steeringFromCurvature, wheel } from './world/driver.ts';
import type { Displacement, World } from './world/world.ts';

/** Fewer pixels of the id image than this are no sighting. */
const fewestPixels = 4;

export interface Sighting {
  id: string;
  kind: string;
  /** Left, top, right, bottom in pixels of the 960×540 frame, around what is visible. */
  box: [number, number, number, number];
  /** Visible pixels of the id image. */
  pixels: number;
  /** From the camera to the object's foot, m. */
  distance: number;
}

/** Which objects an id image shows, nearest first. */
export function sightings(world: World, view: View, drawn: Drawn, t: number): Sighting[] {
  const { width, height } = view.ids;
  const found = new Map<
    number,
    { x0: number; y0: number; x1: number; y1: number; pixels: number }
  >();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const number = (drawn.ids[at] as number) + 256 * (drawn.ids[at + 1] as number);
      if (number === 0) continue;
      const entry = found.get(number);
      if (entry === undefined) found.set(number, { x0: x, y0: y, x1: x, y1: y, pixels: 1 });
      else {
        entry.x0 = Math.min(entry.x0, x);
        entry.x1 = Math.max(entry.x1, x);
        entry.y1 = y;
        entry.pixels++;
      }
    }
  }
  const [left, top, viewWidth, viewHeight] = view.rect;
  const px = (x: number) => Math.round(left + (x * viewWidth) / width);
  const py = (y: number) => Math.round(top + (y * viewHeight) / height);
  const pose = world.pose(t);
  const result: Sighting[] = [];
  for (const [number, { x0, y0, x1, y1, pixels }] of found) {
    const named = world.named[number - 1];
    if (named === undefined || pixels < fewestPixels) continue;
    if (named.kind === 'woods') continue;
    const place =
      world.standing[number - 1] ?? placeOf(world, number - 1 - world.standing.length, t);
    result.push({
      id: named.id,
      kind: named.kind,
      box: [px(x0), py(y0), px(x1 + 1), py(y1 + 1)],
      pixels,
      distance: round(Math.hypot(place.x - pose.x, place.y - pose.y), 1),
    });
  }
  return result.sort((a, b) => a.distance - b.distance);
}

function placeOf(world: World, index: number, t: number): { x: number; y: number } {
  const vehicle = world.vehicles[index];
  return vehicle === undefined ? { x: 0, y: 0 } : world.vehicle(vehicle, t);
}

export function roadRuns(view: View, drawn: Drawn): { road: number[]; lane: number[] } {
  const size = view.ids.width * view.ids.height;
  const surface = (i: number) => drawn.ids[i * 4 + 2] as number;
  return {
    road: encodeRuns(size, (i) => surface(i) !== surfaces.other),
    lane: encodeRuns(size, (i) => surface(i) === surfaces.egoLane),
  };
}

/** The first line of a truth file. */
export function truthHeader(
  world: World,
  name: string,
  fps: number,
  size: [number, number],
  view: View,
  displaced: Displacement,
) {
  const { seed, style, without } = world.options;
  return {
    roadgazeTruth: 1,
    name,
    seed,
    style,
    without,
    fps,
    size,
    maskSize: [view.ids.width, view.ids.height],
    camera: {
      frame: camera.frame,
      hfov: camera.hfov,
      height: camera.height,
      tilt: camera.tilt,
      distortion: camera.distortion,
    },
    displaced,
    wheel,
    setting: world.plan.setting,
    sky: world.light.sky,
    lookahead: world.plan.lookahead,
    objects: world.named.filter((each) => each.kind !== 'woods'),
  };
}

/**
 * One line of a truth file: a frame shown at `pts` seconds. Steering is what the driver did,
 * wherever the camera was.
 */
export function truthOfFrame(
  world: World,
  view: View,
  drawn: Drawn,
  displaced: Displacement,
  frame: number,
  pts: number,
) {
  const car = world.car(pts);
  const pose = world.pose(pts, displaced);
  return {
    frame,
    pts: round(pts, 6),
    steering: round(steeringFromCurvature(car.curvature), 6),
    curvature: round(car.curvature, 8),
    speed: round(car.speed, 3),
    changingLane: car.changingLane,
    pose: {
      x: round(pose.x, 3),
      y: round(pose.y, 3),
      z: round(pose.z, 3),
      yaw: round(pose.yaw, 5),
      pitch: round(pose.pitch, 5),
      roll: round(pose.roll, 5),
    },
    ...roadRuns(view, drawn),
    objects: sightings(world, view, drawn, pts).filter((each) => each.distance < 160),
  };
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
