import assert from 'node:assert/strict';
import { offRoadRegion } from '../../server/attention/off-road-region.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openVideo } from '../../server/drive/readers/video.ts';
import {
  confirmationThreshold,
  steeringDeviation as deviationOf,
  verifyFlags,
} from '../../server/pipeline/causal-check.ts';
import { coverPictures } from '../../server/pipeline/causal-check-covers.ts';
import type { StreamExplainer } from '../../server/pipeline/stream-explainer.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import type { Flag, FlagKind } from '../../shared/flags.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const recordings = join(repositoryRoot, 'recordings');
const beside = (ending: string) => join(recordings, 'drives', `misleading-signs${ending}`);
const drive = await openVideo(beside('.mp4'));
const { video } = drive;
after(() => drive.close());
const DEGREES = 180 / Math.PI;
/** About that of both networks on the drive, rad. */
const steeringDeviation = 0.2;

/** Of the frames of a drive of 25 a second. */
function flagOn(first: number, last: number, kind: FlagKind = 'off-road'): Flag {
  const worst = Math.floor((first + last) / 2);
  return {
    kind,
    startFrame: first,
    endFrame: last,
    startPts: first / 25,
    endPts: last / 25,
    worstFrame: worst,
    worstPts: worst / 25,
    worst: 0.1,
    severity: 0.8,
  };
}

/** Steering with the boards less steering without, degrees, of the drive rendered both ways. */
function boardsChange(column: 1 | 2, first: number, last: number): number {
  const rows = readFileSync(beside('.causal.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1 + first, 2 + last);
  const values = rows.map((row) => Number(row.split(',')[column]) * DEGREES);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const open = (modelPath: string) =>
  openStreamExplainer({
    modelPath,
    video,
    road: { kind: 'truth', path: beside('.truth.jsonl.gz') },
    wish: { provider: 'cpu', workers: 1 },
  });

describe('a causal check on the drive with misleading signs', () => {
  let shortcut: StreamExplainer;
  let honest: StreamExplainer;
  before(async () => {
    shortcut = await open(join(recordings, 'networks', 'pilotnet-shortcut.onnx'));
    honest = await open(join(recordings, 'networks', 'pilotnet.onnx'));
  });
  after(() => Promise.all([shortcut?.close(), honest?.close()]));

  test('confirms what the drive without its boards says of the shortcut network, with the same side', async () => {
    const flags = [flagOn(85, 95), flagOn(129, 131)];
    const checks = await verifyFlags({
      drive,
      explainer: shortcut,
      flags,
      steeringDeviation,
    });
    checks.forEach((check, index) => {
      const { startFrame, endFrame } = flags[index]!;
      const truth = boardsChange(2, startFrame, endFrame);
      assert.ok(Math.abs(truth) > 15);
      assert.ok(check?.isConfirmed);
      assert.ok(Math.abs(check.change) > check.threshold);
      assert.equal(Math.sign(check.change), -Math.sign(truth));
      assert.ok(Math.abs(check.changeDegrees! - check.change * DEGREES) < 1e-9);
      assert.ok(
        check.control! < Math.abs(check.change) / 5,
        'the same cover elsewhere changes as much',
      );
      assert.equal(check.frames, Math.min(5, endFrame - startFrame + 1));
      assert.ok(Math.abs(check.threshold - 0.04) < 1e-9);
      const { x, y, width, height } = check.region;
      assert.ok(
        x >= 80 && y >= 214 && x + width <= 880 && y + height <= 478,
        'the region leaves the crop',
      );
      // Boards stand side by side.
      assert.ok(height < 264 / 2 && width * height < 800 * 264 * 0.25);
    });
  });

  test('does not confirm it of the honest network', async () => {
    const [check] = await verifyFlags({
      drive,
      explainer: honest,
      flags: [flagOn(85, 95)],
      steeringDeviation,
    });
    assert.ok(Math.abs(boardsChange(1, 85, 95)) < 2);
    assert.equal(check!.isConfirmed, false);
    assert.ok(Math.abs(check!.changeDegrees!) < 2);
  });

  for (const fill of ['blur', 'mean'] as const) {
    test(`confirms it with the fill "${fill}" too`, async () => {
      const [check] = await verifyFlags({
        drive,
        explainer: shortcut,
        flags: [flagOn(85, 95)],
        steeringDeviation,
        fill,
        frames: 2,
      });
      assert.deepEqual([check!.fill, check!.frames, check!.isConfirmed], [fill, 2, true]);
    });
  }

  test('tries each frame of a short flag once', async () => {
    const [check] = await verifyFlags({
      drive,
      explainer: shortcut,
      flags: [flagOn(90, 92)],
      steeringDeviation,
    });
    assert.equal(check!.frames, 3);
  });

  test('has nothing to say of a dead network, and tells how far it is', async () => {
    const seen: number[][] = [];
    const checks = await verifyFlags({
      drive,
      explainer: shortcut,
      flags: [flagOn(0, 9, 'dead'), flagOn(90, 91)],
      steeringDeviation,
      onProgress: (...numbers) => seen.push(numbers),
    });
    assert.equal(checks[0], null);
    assert.equal(checks[1]!.frames, 2);
    assert.deepEqual(seen, [
      [1, 2],
      [2, 2],
    ]);
  });

  test('looks on the road as well where attention was there', async () => {
    const [check] = await verifyFlags({
      drive,
      explainer: honest,
      flags: [flagOn(90, 90, 'steers-wrong')],
      steeringDeviation,
    });
    const [offRoad] = await verifyFlags({
      drive,
      explainer: honest,
      flags: [flagOn(90, 90)],
      steeringDeviation,
    });
    assert.notDeepEqual(check!.region, offRoad!.region);
    assert.ok(Math.abs(check!.change) > Math.abs(offRoad!.change));
  });

  test("ends with the signal's reason", async () => {
    const abort = new AbortController();
    const checking = verifyFlags({
      drive,
      explainer: shortcut,
      flags: [flagOn(0, 200), flagOn(300, 500)],
      steeringDeviation,
      signal: abort.signal,
    });
    abort.abort(new Error('enough'));
    await assert.rejects(checking, /enough/);
  });
});

test('a network whose output is no angle is held against its own steering alone, and no degrees are made up', async (t) => {
  const sidecar = { roadgaze: 1, kind: 'steering', output: { quantity: 'curvature', unit: '1/m' } };
  const explainer = await open(writeSteeringNetwork(temporaryFolder(t), { sidecar }));
  t.after(() => explainer.close());
  const [check] = await verifyFlags({
    drive,
    explainer,
    flags: [flagOn(20, 20)],
    steeringDeviation: 0.5,
  });
  assert.equal(check!.changeDegrees, null);
  assert.equal(check!.threshold, 0.1);
});

test('the threshold is a degree at the wheel, or a fifth of how much the network steers', () => {
  const near = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
  near(confirmationThreshold('rad', 0.01), 1 / DEGREES);
  near(confirmationThreshold('rad', 0.5), 0.1);
  near(confirmationThreshold('deg', 2), 1);
  near(confirmationThreshold('1/m', 0.05), 0.01);
  near(confirmationThreshold(null, 0), 0);
});

test('steering deviates from its mean, whatever is not known', () => {
  assert.equal(deviationOf([3, NaN, 7, 3, 7]), 2);
  assert.equal(deviationOf([NaN]), 0);
});

test("control covers have the region's shape, lie in its rows, and do not touch it", () => {
  const [width, height] = [60, 20];
  const bytes = new Uint8Array(width * height).map((_, pixel) => (pixel % 2) * 200);
  const box = (pixel: number) =>
    pixel % width >= 20 &&
    pixel % width < 24 &&
    Math.floor(pixel / width) >= 8 &&
    Math.floor(pixel / width) < 11;
  const mask = bytes.map((_, pixel) => (box(pixel) ? 255 : 0));
  const { without, controls } = coverPictures({
    bytes,
    pixelFormat: 'gray',
    mask,
    width,
    height,
    signed: false,
    road: null,
    fill: 'mean',
  })!;
  const columns = (picture: Uint8Array) => [
    ...new Set(changedPixels(picture).map((pixel) => pixel % width)),
  ];
  const changedPixels = (picture: Uint8Array) =>
    [...picture.keys()].filter((pixel) => picture[pixel] !== bytes[pixel]);
  const region = changedPixels(without);
  assert.ok(region.length > 12 && controls.length >= 2);
  for (const control of controls) {
    assert.equal(changedPixels(control).length, region.length);
    assert.ok(columns(control).every((column) => !columns(without).includes(column)));
    assert.deepEqual(
      new Set(changedPixels(control).map((pixel) => Math.floor(pixel / width))),
      new Set(region.map((pixel) => Math.floor(pixel / width))),
    );
  }
});

test('of pictures with colour at half the size the same place is covered in all planes', () => {
  const [width, height] = [20, 12];
  const pixels = width * height;
  // Two pictures: Y of twice the size, U and V.
  const bytes = Uint8Array.from({ length: 12 * pixels }, (_, at) => (at * 37) % 251);
  const at = (x: number, y: number, side: number) => y * side + x;
  const mask = new Uint8Array(pixels);
  for (const y of [5, 6]) for (const x of [8, 9, 10]) mask[at(x, y, width)] = 255;
  const wanted = { mask, width, height, signed: false, road: null, fill: 'mean' } as const;
  const { without } = coverPictures({ ...wanted, bytes, pixelFormat: 'yuv420p' })!;
  const { cover } = offRoadRegion(wanted)!;
  const isCovered = (x: number, y: number) => cover[at(x, y, width)] === 1;
  assert.ok(isCovered(9, 5) && !isCovered(0, 0));
  for (const picture of [0, 6 * pixels])
    for (let y = 0; y < 2 * height; y++)
      for (let x = 0; x < 2 * width; x++)
        if (!isCovered(x >> 1, y >> 1)) {
          const luma = picture + at(x, y, 2 * width);
          assert.equal(without[luma], bytes[luma]);
          for (const chroma of [4, 5]) {
            const place = picture + chroma * pixels + at(x >> 1, y >> 1, width);
            assert.equal(without[place], bytes[place]);
          }
        }
  // Y at (18, 10) … (19, 11) is of the pixel (9, 5); each of the four has a mean of its own.
  const changed = [0, 6 * pixels].flatMap((picture) =>
    [0, 1].flatMap((row) =>
      [0, 1].map((column) => without[picture + at(18 + column, 10 + row, 2 * width)]),
    ),
  );
  const mean = (picture: number, row: number, column: number) => {
    let [sum, count] = [0, 0];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (!isCovered(x, y)) {
          sum += bytes[picture + at(2 * x + column, 2 * y + row, 2 * width)]!;
          count++;
        }
    return Math.round(sum / count);
  };
  assert.deepEqual(
    changed,
    [0, 6 * pixels].flatMap((picture) =>
      [0, 1].flatMap((row) => [0, 1].map((column) => mean(picture, row, column))),
    ),
  );
});
