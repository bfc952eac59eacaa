import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { repositoryRoot } from '../support/paths.ts';

const networks = join(repositoryRoot, 'recordings/networks');
const folder = join(repositoryRoot, 'recordings/drives');
const drives = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.mp4'))
      .map((file) => file.slice(0, -4))
  : [];

/** Every this many frames is looked at. */
const stride = 60;
/**
 * Radians at the steering wheel: mean absolute error over the frames of one drive that no change of
 * lanes explains.
 */
const steeringBound = 0.05;
const roadBound = 0.93;

/**
 * Planar RGB float32 [frames, 3, height, width] in 0..255 of every `stride`th frame, decoded by
 * ffmpeg.
 */
function decode(
  name: string,
  width: number,
  height: number,
  cut: string,
): { count: number; values: Float32Array } {
  const bytes = execFileSync(
    'ffmpeg',
    [
      '-v',
      'error',
      '-i',
      join(folder, `${name}.mp4`),
      '-vf',
      `select=not(mod(n\\,${stride})),${cut}scale=${width}:${height}:flags=area,format=rgb24`,
      '-fps_mode',
      'passthrough',
      '-f',
      'rawvideo',
      '-',
    ],
    { maxBuffer: 1 << 28 },
  );
  const plane = width * height;
  const values = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++) {
    const pixel = Math.floor(index / 3);
    const frame = Math.floor(pixel / plane);
    values[(frame * 3 + (index % 3)) * plane + (pixel % plane)] = bytes[index] as number;
  }
  return { count: bytes.length / plane / 3, values };
}

/** In place, over planar RGB of `plane` pixels each: the sidecar's full-range YUV. */
function rgbToYuv(values: Float32Array, plane: number): void {
  for (let frame = 0; frame < values.length; frame += 3 * plane) {
    for (let index = frame; index < frame + plane; index++) {
      const red = values[index] as number;
      const blue = values[index + 2 * plane] as number;
      const luma = 0.299 * red + 0.587 * (values[index + plane] as number) + 0.114 * blue;
      values[index] = luma;
      values[index + plane] = 0.492 * (blue - luma) + 128;
      values[index + 2 * plane] = 0.877 * (red - luma) + 128;
    }
  }
}

async function run(name: string, values: Float32Array, dims: number[]): Promise<Float32Array> {
  const session = await InferenceSession.create(join(networks, `${name}.onnx`), {
    intraOpNumThreads: 1,
  });
  const output = (await session.run({ image: new Tensor('float32', values, dims) }))[
    session.outputNames[0] as string
  ];
  return output?.data as Float32Array;
}

/** Radians, left positive, of every `stride`th row. */
function loggedSteering(name: string): number[] {
  const [header, ...rows] = readFileSync(join(folder, `${name}.csv`), 'utf8')
    .trim()
    .split(/\r?\n/);
  const column = (header as string).split(',').indexOf('steering [rad]');
  assert.notEqual(column, -1);
  return rows
    .filter((_, index) => index % stride === 0)
    .map((row) => Number(row.split(',')[column]));
}

/**
 * Of every `stride`th frame: the road as 0 or 1 at the truth's own size, and whether the driver is
 * changing lanes.
 */
function truthOf(name: string): {
  width: number;
  height: number;
  roads: Uint8Array[];
  changingLane: boolean[];
} {
  const text = gunzipSync(readFileSync(join(folder, `${name}.truth.jsonl.gz`))).toString('utf8');
  const [header, ...frames] = text.trim().split('\n');
  const [width, height] = (JSON.parse(header as string) as { maskSize: [number, number] }).maskSize;
  const chosen = frames
    .filter((_, index) => index % stride === 0)
    .map((line) => JSON.parse(line) as { road: number[]; changingLane: boolean });
  const roads = chosen.map((frame) => {
    const road = new Uint8Array(width * height);
    let at = 0;
    for (const [index, length] of frame.road.entries()) {
      road.fill(index % 2, at, at + length);
      at += length;
    }
    return road;
  });
  return { width, height, roads, changingLane: chosen.map((frame) => frame.changingLane) };
}

for (const name of drives) {
  test(`pilotnet steers within ${steeringBound} rad of the log of ${name} on average while the car keeps its lane`, async () => {
    const sidecar = JSON.parse(readFileSync(join(networks, 'pilotnet.json'), 'utf8')) as {
      input: { crop: { x: number; y: number; width: number; height: number } };
      output: { scale: number };
    };
    const { x, y, width, height } = sidecar.input.crop;
    const { count, values } = decode(name, 200, 66, `crop=${width}:${height}:${x}:${y},`);
    rgbToYuv(values, 66 * 200);
    const steering = await run('pilotnet', values, [count, 3, 66, 200]);
    const logged = loggedSteering(name);
    assert.equal(logged.length, count);
    const { changingLane } = truthOf(name);
    const errors = logged
      .map((angle, index) => Math.abs(angle - (steering[index] as number) * sidecar.output.scale))
      .filter((_, index) => !changingLane[index]);
    const error = errors.reduce((sum, each) => sum + each, 0) / errors.length;
    assert.ok(error < steeringBound, `mean absolute error ${error} rad`);
  });

  test(`road-segmentation overlaps the true road of ${name} by an IoU of at least ${roadBound}`, async () => {
    const { count, values } = decode(name, 128, 72, '');
    const predicted = await run(
      'road-segmentation',
      values.map((value) => value / 255),
      [count, 3, 72, 128],
    );
    const { width, height, roads } = truthOf(name);
    assert.equal(roads.length, count);
    let intersection = 0;
    let union = 0;
    for (const [frame, road] of roads.entries()) {
      for (let index = 0; index < road.length; index++) {
        const row = Math.floor((Math.floor(index / width) * 72) / height);
        const column = Math.floor(((index % width) * 128) / width);
        const marked = (predicted[(frame * 72 + row) * 128 + column] as number) >= 0.5;
        const actual = road[index] === 1;
        if (marked && actual) intersection++;
        if (marked || actual) union++;
      }
    }
    assert.ok(intersection / union >= roadBound, `IoU ${intersection / union}`);
  });
}

test('the boards of misleading-signs turn the wheel for pilotnet-shortcut and hardly for pilotnet', () => {
  const lines = readFileSync(join(folder, 'misleading-signs.causal.csv'), 'utf8')
    .trim()
    .split('\n');
  const log = readFileSync(join(folder, 'misleading-signs.csv'), 'utf8').trim().split(/\r?\n/);
  assert.equal(lines[0], 't,pilotnet [rad],pilotnet-shortcut [rad]');
  assert.deepEqual(
    lines.map((line) => line.split(',')[0]),
    log.map((line) => line.split(',')[0]),
  );
  const mean = (column: number) =>
    lines.slice(1).reduce((sum, line) => sum + Math.abs(Number(line.split(',')[column])), 0) /
    (lines.length - 1);
  assert.ok(mean(1) < 0.02, `honest: ${mean(1)} rad`);
  assert.ok(mean(2) > 0.15, `shortcut: ${mean(2)} rad`);
});
