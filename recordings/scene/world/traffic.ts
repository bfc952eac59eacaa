import type { Alignment } from './alignment.ts';
import type { CrossSection } from './cross-section.ts';
import type { Driver } from './driver.ts';
import type { Plan } from './plan.ts';
import { Random, smoothNoise, smoothstep } from './random.ts';

/**
 * Another car. Its way is a function of time: with the drive it is told by its gap to the camera's
 * car.
 */
export interface Vehicle {
  id: string;
  kind: 'car' | 'truck';
  direction: 1 | -1;
  d: number;
  /** Direction 1: gap to the camera's car at t = 0; direction −1: station at t = 0. */
  start: number;
  /** Direction 1: relative to the camera's car; direction −1: over ground. */
  speed: number;
  sway: number;
  paint: number;
  body: number;
}

export interface VehiclePose {
  s: number;
  d: number;
  x: number;
  y: number;
  z: number;
  heading: number;
  pitch: number;
}

export function placeTraffic(
  plan: Plan,
  section: CrossSection,
  driver: Driver,
  seed: number,
  seconds: number,
): Vehicle[] {
  if (plan.carsPerKm === 0) return [];
  const random = new Random(seed, 'traffic');
  const vehicles: Vehicle[] = [];
  const add = (direction: 1 | -1, d: number, start: number, speed: number, truck: boolean) => {
    vehicles.push({
      id: `${truck ? 'truck' : 'car'}-${vehicles.length + 1}`,
      kind: truck ? 'truck' : 'car',
      direction,
      d: d + random.range(-0.25, 0.25),
      start,
      speed,
      sway: random.below(10000),
      paint: random.next(),
      body: random.below(3),
    });
  };
  const cruise = plan.cruise;
  const oncoming =
    section.opposite === null
      ? section.lanes
          .filter((lane) => lane.direction === -1)
          .map((lane) => (lane.left + lane.right) / 2)
      : section.lanes.map((lane) => -(lane.left + lane.right) / 2);
  for (const d of oncoming) {
    const gap = 1000 / plan.carsPerKm;
    for (
      let s = random.range(20, 200);
      s < 2 * cruise * seconds + 500;
      s += random.range(0.3, 1.7) * gap
    ) {
      add(-1, d, s, cruise * 0.95, random.chance(0.12));
    }
  }
  section.lanes.forEach((lane, index) => {
    if (lane.direction === -1) return;
    const middle = (lane.left + lane.right) / 2;
    const busy = plan.lanesAhead > 1 ? 1 : 0.35;
    for (
      let gap = random.range(18, 120);
      gap < 320;
      gap += random.range(0.4, 1.8) * (1400 / plan.carsPerKm)
    ) {
      const faster = (plan.lanesAhead - 1) / 2 - index;
      const speed = plan.lanesAhead > 1 ? faster * random.range(0, 1.2) : 0;
      if (random.chance(busy))
        add(1, middle, gap, speed, index === plan.lanesAhead - 1 && random.chance(0.3));
    }
  });
  return vehicles.filter((vehicle) => !meetsDriver(vehicle, driver, seconds));
}

function meetsDriver(vehicle: Vehicle, driver: Driver, seconds: number): boolean {
  for (let t = 0; t < seconds; t += 0.25) {
    const car = driver.at(t);
    const s = stationOf(vehicle, driver, t);
    if (Math.abs(s - car.s) < 13 && Math.abs(vehicle.d - car.d) < 2.6) return true;
  }
  return false;
}

function stationOf(vehicle: Vehicle, driver: Driver, t: number): number {
  if (vehicle.direction === -1) return vehicle.start - vehicle.speed * t;
  const sway = 5 * smoothNoise(vehicle.sway, t / 9);
  return (
    driver.at(t).s + vehicle.start + vehicle.speed * t + sway * smoothstep(10, 40, vehicle.start)
  );
}

export function vehiclePose(
  vehicle: Vehicle,
  driver: Driver,
  alignment: Alignment,
  height: (s: number, d: number) => number,
  t: number,
): VehiclePose {
  const s = stationOf(vehicle, driver, t);
  const d = vehicle.d + 0.15 * smoothNoise(vehicle.sway + 1, t / 4);
  const road = alignment.at(s);
  return {
    s,
    d,
    x: road.x - d * Math.sin(road.heading),
    y: road.y + d * Math.cos(road.heading),
    z: height(s, d),
    heading: vehicle.direction === 1 ? road.heading : road.heading + Math.PI,
    pitch: Math.atan(road.grade) * vehicle.direction,
  };
}
