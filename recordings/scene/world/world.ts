import { Alignment } from './alignment.ts';
import { camera, shake, type Pose } from './camera.ts';
import { drawCrossSection, landHeight, type CrossSection } from './cross-section.ts';
import { Driver, type CarState } from './driver.ts';
import { drawLight, type Light } from './light.ts';
import { placeObjects, type Standing } from './objects.ts';
import { drawPlan, type Plan, type Style } from './plan.ts';
import { Random } from './random.ts';
import { placeTraffic, vehiclePose, type Vehicle, type VehiclePose } from './traffic.ts';

export interface WorldOptions {
  seed: number;
  style: Style;
  /** Length of the drive. */
  seconds: number;
  /** Ids or kinds that are left out; the kind `marking` is the paint on the road. */
  without: readonly string[];
}

/** What stands or moves in the world, as the ground truth lists it. */
export interface Named {
  id: string;
  kind: string;
  side: 'left' | 'right';
}

/** A displaced camera: m to the left of the car's own, and degrees turned to the left. */
export interface Displacement {
  shift: number;
  turn: number;
}

/**
 * One world and the drive through it: a pure function of its options, the same in Node and in the
 * page that draws it.
 */
export class World {
  readonly options: WorldOptions;
  readonly plan: Plan;
  readonly light: Light;
  readonly alignment: Alignment;
  readonly section: CrossSection;
  readonly driver: Driver;
  readonly standing: Standing[];
  readonly vehicles: Vehicle[];
  /** Every object that was not left out. An object's number in id images is its index here + 1. */
  readonly named: Named[];
  readonly #roughness: number;

  constructor(options: WorldOptions) {
    const { seed, style, seconds } = options;
    this.options = options;
    this.plan = drawPlan(style, seed);
    this.light = drawLight(style, seed);
    const length = this.plan.cruise * seconds + 520;
    this.alignment = new Alignment(this.plan, seed, length);
    this.section = drawCrossSection(this.plan, seed, length);
    if (options.without.includes('marking')) this.section.lines = [];
    this.driver = new Driver(this.plan, this.alignment, this.section, seed, seconds);
    const kept = (object: { id: string; kind: string }) =>
      !options.without.includes(object.id) && !options.without.includes(object.kind);
    this.standing = clearViewOfCues(
      placeObjects(this.plan, this.alignment, this.section, seed),
    ).filter(kept);
    this.vehicles = placeTraffic(this.plan, this.section, this.driver, seed, seconds).filter(kept);
    this.named = [
      ...this.standing.map(({ id, kind, side }) => ({ id, kind, side })),
      ...this.vehicles.map(({ id, kind, d }) => ({
        id,
        kind,
        side:
          d > (this.section.left + this.section.right) / 2 ? ('left' as const) : ('right' as const),
      })),
    ];
    this.#roughness = new Random(seed, 'roughness').range(0.5, 1.3);
  }

  /** Ground level at a station and lateral position. */
  ground(s: number, d: number): number {
    return this.alignment.at(s).z + landHeight(this.section, s, d);
  }

  car(t: number): CarState {
    return this.driver.at(t);
  }

  pose(t: number, displaced: Displacement = { shift: 0, turn: 0 }): Pose {
    const car = this.car(t);
    const moved = shake(this.options.seed, t, car.speed, this.#roughness);
    const front = this.ground(car.s + 1.4, car.d);
    const back = this.ground(car.s - 1.4, car.d);
    const yaw = car.heading + (displaced.turn * Math.PI) / 180 + moved.yaw;
    return {
      x: car.x - displaced.shift * Math.sin(car.heading),
      y: car.y + displaced.shift * Math.cos(car.heading),
      z: (front + back) / 2 + camera.height + moved.z,
      yaw,
      pitch: Math.atan2(front - back, 2.8) - (camera.tilt * Math.PI) / 180 + moved.pitch,
      roll: moved.roll + 0.25 * car.curvature,
    };
  }

  /**
   * Curvature that takes a car at the displaced camera's place and direction back to its lane's
   * middle (arXiv 1604.07316, section 5).
   */
  correctedCurvature(t: number, displaced: Displacement): number {
    const car = this.car(t);
    const x = car.x - displaced.shift * Math.sin(car.heading);
    const y = car.y + displaced.shift * Math.cos(car.heading);
    return this.driver.pursue(x, y, car.heading + (displaced.turn * Math.PI) / 180, car.s);
  }

  vehicle(vehicle: Vehicle, t: number): VehiclePose {
    return vehiclePose(vehicle, this.driver, this.alignment, (s, d) => this.ground(s, d), t);
  }
}

/**
 * Nothing that grows hides a cue from the road. Runs before anything is left out, so leaving
 * cues out moves nothing.
 */
function clearViewOfCues(objects: Standing[]): Standing[] {
  const cues = objects.filter((object) => object.kind === 'cue' || object.kind === 'bale');
  return objects.filter(
    (object) =>
      (object.kind !== 'tree' && object.kind !== 'bush') ||
      !cues.some(
        (cue) =>
          cue.side === object.side &&
          Math.abs(cue.s - object.s + 14) < 18 &&
          Math.abs(object.d) < Math.abs(cue.d) + 5,
      ),
  );
}
