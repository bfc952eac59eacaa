import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { demoDrives, demoSettings } from '../../recordings/scene/demo-drives.ts';
import { decodeRuns } from '../../recordings/scene/run-lengths.ts';
import { readTruth, type TruthFrame, type TruthHeader } from '../../recordings/scene/truth-file.ts';
import { steeringFromCurvature } from '../../recordings/scene/world/driver.ts';
import { repositoryRoot } from '../support/paths.ts';

const folder = join(repositoryRoot, 'recordings', 'drives');

for (const { name, seed } of demoDrives) {
  describe(`the drive ${name}`, () => {
    const { header, frames } = readTruth(join(folder, `${name}.truth.jsonl.gz`));
    const [columns, ...rows] = readFileSync(join(folder, `${name}.csv`), 'utf8')
      .trimEnd()
      .split('\n');

    it('has a row of its log and a line of truth for every frame of its video', () => {
      const times = frameTimes(join(folder, `${name}.mp4`));
      assert.equal(times.length, demoSettings.seconds * demoSettings.fps);
      assert.equal(rows.length, times.length);
      assert.equal(frames.length, times.length);
      assert.equal(header.seed, seed);
      assert.equal(columns, 't,steering [rad],curvature [1/m],speed [m/s]');
      times.forEach((time, index) => {
        const [t, steering, curvature] = rows[index]!.split(',').map(Number) as [
          number,
          number,
          number,
        ];
        const frame = frames[index]!;
        assert.ok(
          Math.abs(t - time) < 1e-5 && Math.abs(frame.pts - time) < 1e-5,
          `frame ${index}: ${t}, ${frame.pts}, ${time}`,
        );
        assert.equal(steering, frame.steering);
        assert.ok(Math.abs(steeringFromCurvature(curvature) - steering) < 1e-5);
      });
    });

    it('has well-formed masks, the ego lane a part of the road', () => {
      const [width, height] = header.maskSize as [number, number];
      for (const frame of frames) {
        const road = decodeRuns(frame.road, width * height);
        const lane = decodeRuns(frame.lane, width * height);
        for (const runs of [frame.road, frame.lane])
          assert.ok(runs.slice(1).every((run) => run > 0));
        for (let i = 0; i < lane.length; i++) assert.ok(lane[i]! <= road[i]!);
      }
    });

    it('steers to where its lane bends at the look-ahead distance', (t) => {
      const bends: number[] = [];
      const steering: number[] = [];
      for (const frame of frames) {
        const bend = frame.changingLane ? null : laneBend(header, frame);
        if (bend === null) continue;
        bends.push(bend);
        steering.push(frame.steering);
      }
      assert.ok(bends.length > frames.length / 3, `${bends.length} frames with a lane to measure`);
      const r = correlation(bends, steering);
      t.diagnostic(`correlation of steering and bend ${r.toFixed(3)} over ${bends.length} frames`);
      assert.ok(r > 0.9, `correlation ${r.toFixed(3)}`);
      const turning = steering.flatMap((angle, i) =>
        Math.abs(angle) > 0.03 ? [Math.sign(angle) === Math.sign(bends[i]!)] : [],
      );
      assert.ok(turning.length > 100, `${turning.length} frames in bends`);
      assert.ok(turning.filter(Boolean).length > 0.95 * turning.length, 'the sides agree');
    });
  });
}

/**
 * How far left (+) of straight ahead the middle of the visible ego lane lies at the look-ahead
 * distance, in mask pixels; null if it is hidden there.
 */
function laneBend(header: TruthHeader, frame: TruthFrame): number | null {
  const [width, height] = header.maskSize as [number, number];
  const mask = decodeRuns(frame.lane, width * height);
  const { hfov, height: up, tilt, frame: size } = header.camera;
  const focal = size[0] / 2 / Math.tan((hfov * Math.PI) / 360);
  const row = Math.round(
    ((size[1] / 2 + focal * Math.tan(Math.atan(up / header.lookahead) - (tilt * Math.PI) / 180)) *
      height) /
      size[1],
  );
  let sum = 0;
  let count = 0;
  for (let x = 0; x < width; x++) {
    if (mask[row * width + x] !== 1) continue;
    sum += x + 0.5;
    count++;
  }
  return count < 10 ? null : width / 2 - sum / count;
}

function correlation(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0;
  let aa = 0;
  let bb = 0;
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i]! - mb);
    aa += (value - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}

function frameTimes(video: string): number[] {
  const entries = [
    '-select_streams',
    'v:0',
    '-show_entries',
    'frame=best_effort_timestamp_time',
    '-of',
    'csv=p=0',
  ];
  const out = execFileSync('ffprobe', ['-v', 'error', ...entries, video], { encoding: 'utf8' });
  // Side data of a frame adds an empty line.
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number.parseFloat(line));
}
