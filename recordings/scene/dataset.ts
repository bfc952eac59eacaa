import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { surfaces, type View } from './messages.ts';
import { Renderer, type Drawn } from './renderer.ts';
import { round, sightings } from './truth.ts';
import { steeringFromCurvature } from './world/driver.ts';
import type { Style } from './world/plan.ts';
import { Random, scramble } from './world/random.ts';
import { World, type Displacement } from './world/world.ts';

export type DatasetView = 'pilotnet' | 'road';

export interface DatasetOptions {
  firstSeed: number;
  /** Included. */
  lastSeed: number;
  style: Style;
  samplesPerSeed: number;
  view: DatasetView;
  without: readonly string[];
  /** Largest displacement of the camera, m and degrees. */
  maxShift: number;
  maxTurn: number;
  out: string;
}

interface Sample {
  t: number;
  displaced: Displacement;
  noiseSeed: number;
}

/** Length of the drives that samples are taken from, s. */
const seconds = 36;

/** Share of samples taken from the car's own place, as a drive shows the road. */
const undisplaced = 0.3;

/**
 * Writes `images.bin` (uint8, N × height × width × 3), `labels.jsonl`, and for `road` `masks.bin`
 * (uint8, N × height × width). Returns samples a second.
 */
export async function renderDataset(
  options: DatasetOptions,
  progress: (line: string) => void,
): Promise<number> {
  mkdirSync(options.out, { recursive: true });
  const view = datasetView(options.view);
  const renderer = await Renderer.start();
  const images = openSync(join(options.out, 'images.bin'), 'w');
  const masks = options.view === 'road' ? openSync(join(options.out, 'masks.bin'), 'w') : null;
  const labels = openSync(join(options.out, 'labels.jsonl'), 'w');
  const started = performance.now();
  let count = 0;
  // One seed is drawn ahead of the one being written.
  let pending: { world: World; samples: Sample[]; drawn: Promise<Drawn>[] } | null = null;
  const finish = async (batch: NonNullable<typeof pending>) => {
    for (const [index, sample] of batch.samples.entries()) {
      const drawn = await (batch.drawn[index] as Promise<Drawn>);
      writeSync(images, drawn.rgb);
      if (masks !== null) writeSync(masks, roadMask(drawn));
      writeSync(
        labels,
        `${JSON.stringify({ index: count, ...labelOf(batch.world, view, drawn, sample) })}\n`,
      );
      count++;
    }
  };
  try {
    for (let seed = options.firstSeed; seed <= options.lastSeed; seed++) {
      const worldOptions = { seed, style: options.style, seconds, without: options.without };
      const world = new World(worldOptions);
      const samples = drawSamples(world, options);
      renderer.enter(worldOptions, view);
      const drawn = samples.map((sample) =>
        renderer.draw(sample.t, sample.displaced, sample.noiseSeed),
      );
      if (pending !== null) await finish(pending);
      pending = { world, samples, drawn };
      if ((seed - options.firstSeed) % 20 === 19)
        progress(
          `seed ${seed}: ${count} samples, ${(count / ((performance.now() - started) / 1000)).toFixed(1)} a second`,
        );
    }
    if (pending !== null) await finish(pending);
  } finally {
    await renderer.close();
    for (const file of [images, labels, masks]) if (file !== null) closeSync(file);
  }
  writeFileSync(
    join(options.out, 'dataset.json'),
    `${JSON.stringify({ ...options, out: undefined, samples: count, width: view.width, height: view.height, rect: view.rect })}\n`,
  );
  return count / ((performance.now() - started) / 1000);
}

/**
 * Times apart, never within a change of lanes, which no picture tells of in advance. The same for
 * the same seed, whatever is left out.
 */
export function drawSamples(
  world: World,
  options: Pick<DatasetOptions, 'samplesPerSeed' | 'maxShift' | 'maxTurn'>,
): Sample[] {
  const random = new Random(world.options.seed, 'samples');
  const samples: Sample[] = [];
  const slot = seconds / options.samplesPerSeed;
  for (let i = 0; i < options.samplesPerSeed; i++) {
    const tries = Array.from({ length: 6 }, () => (i + random.next()) * slot);
    const own = random.chance(undisplaced);
    const shift = random.range(-1, 1);
    const turn = random.range(-1, 1);
    const t = tries.find((each) => !world.car(each).changingLane);
    if (t === undefined) continue;
    samples.push({
      t: round(t, 4),
      displaced: own
        ? { shift: 0, turn: 0 }
        : { shift: round(shift * options.maxShift, 3), turn: round(turn * options.maxTurn, 3) },
      noiseSeed: scramble(world.options.seed * 64 + i) % 1_000_000,
    });
  }
  return samples;
}

function labelOf(world: World, view: View, drawn: Drawn, sample: Sample) {
  const { t, displaced } = sample;
  const car = world.car(t);
  const curvature = world.correctedCurvature(t, displaced);
  return {
    seed: world.options.seed,
    t,
    steering: round(steeringFromCurvature(curvature), 6),
    curvature: round(curvature, 8),
    drivenSteering: round(steeringFromCurvature(car.curvature), 6),
    drivenCurvature: round(car.curvature, 8),
    shift: displaced.shift,
    turn: displaced.turn,
    speed: round(car.speed, 3),
    setting: world.plan.setting,
    sky: world.light.sky,
    objects: sightings(world, view, drawn, t)
      .filter((each) => each.distance < 120)
      .map(({ id, kind, box, pixels, distance }) => ({
        id,
        kind,
        side: world.named.find((named) => named.id === id)?.side,
        box,
        pixels,
        distance,
      })),
  };
}

function roadMask(drawn: Drawn): Uint8Array {
  return Uint8Array.from({ length: drawn.ids.length / 4 }, (_, i) =>
    drawn.ids[i * 4 + 2] === surfaces.other ? 0 : 1,
  );
}

/** `pilotnet`: the crop of crop.json at 200×66; `road`: the whole frame at 160×90. */
export function datasetView(name: DatasetView): View {
  if (name === 'road') {
    return {
      rect: [0, 0, 960, 540],
      width: 160,
      height: 90,
      oversampling: 2,
      ids: { width: 160, height: 90, oversampling: 2 },
    };
  }
  const { x, y, width, height } = readCrop();
  return {
    rect: [x, y, width, height],
    width: 200,
    height: 66,
    oversampling: 2,
    ids: { width: 200, height: 66, oversampling: 1 },
  };
}

interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
  of: [number, number];
}

function readCrop(): Crop {
  const compiled = fileURLToPath(new URL('.', import.meta.url));
  const source = compiled.replace(/dist\/node\/(?=recordings\/)/, '');
  return JSON.parse(readFileSync(join(source, 'crop.json'), 'utf8')) as Crop;
}
