import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { GUESSED_ROAD, type RoadSpecification } from '../../server/attention/road-specification.ts';
import type { FrameExplanation } from '../../server/pipeline/stream-explainer.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { decodeVideo } from '../../server/video/decoder.ts';
import { probeVideo } from '../../server/video/probe.ts';
import type { Point } from '../../shared/geometry.ts';
import { repositoryRoot } from '../support/paths.ts';

const videoPath = join(repositoryRoot, 'recordings', 'drives', 'country-road.mp4');
const modelPath = join(repositoryRoot, 'recordings', 'networks', 'pilotnet.onnx');
const video = await probeVideo(videoPath);
/** The part of the frame that the network sees, in fractions. */
const crop = { left: 80 / 960, top: 214 / 540, right: 880 / 960, bottom: 478 / 540 };

/** The drive's first frame. */
async function explained(
  t: TestContext,
  road: RoadSpecification,
): Promise<FrameExplanation & { readonly share: number }> {
  const explainer = await openStreamExplainer({
    modelPath,
    road,
    video,
    wish: { provider: 'cpu', workers: 1 },
  });
  t.after(() => explainer.close());
  for await (const { pts, images } of decodeVideo({
    path: videoPath,
    images: explainer.images,
    frames: 1,
  })) {
    const explanation = await explainer.explain(images, pts);
    const region = explanation.road!;
    return {
      ...explanation,
      share: region.reduce((sum, value) => sum + Number(value > 0), 0) / region.length,
    };
  }
  throw new Error('the drive has no frame');
}

const polygon = (points: readonly Point[], margin = 0): RoadSpecification => ({
  kind: 'polygon',
  points,
  margin,
});
const rectangle = (left: number, top: number, right: number, bottom: number): readonly Point[] => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

for (const [what, points] of [
  ['outside the frame', rectangle(1.2, 0.2, 1.8, 0.9)],
  ['outside what the network sees', rectangle(0, 0, 1, 0.3)],
  ['that encloses all of it twice', [...rectangle(0, 0, 1, 1), ...rectangle(0, 0, 1, 1)]],
] as const) {
  test(`a polygon ${what} is no road: nothing is on it, and lift is not known`, async (t) => {
    const {
      share,
      scores: [score],
    } = await explained(t, polygon(points));
    assert.equal(share, 0);
    assert.ok(score!.onRoad! < 1e-5 && score!.mass > 0);
    assert.equal(score!.lift, null);
    assert.equal(score!.peakOnRoad, 0);
  });
}

test('road everywhere has all attention, as chance has it, and nothing is off the road', async (t) => {
  const {
    share,
    scores: [score],
  } = await explained(t, polygon(rectangle(-1, -1, 2, 2)));
  assert.equal(share, 1);
  assert.deepEqual(
    [score!.onRoad, score!.lift, score!.peakOnRoad, score!.offRoadX, score!.offRoadY],
    [1, 1, 1, null, null],
  );
});

test('a polygon that crosses itself encloses its two halves', async (t) => {
  const { left, top, right, bottom } = crop;
  const { share, road } = await explained(
    t,
    polygon([
      [left, top],
      [right, bottom],
      [right, top],
      [left, bottom],
    ]),
  );
  assert.ok(Math.abs(share - 0.5) < 0.02, `${share}`);
  const at = (column: number, row: number) => road![row * 200 + column];
  assert.deepEqual([at(5, 33), at(195, 33), at(100, 5), at(100, 60)], [255, 255, 0, 0]);
});

test("a margin widens the region by so many pixels of the network's input", async (t) => {
  const { left, top, right, bottom } = crop;
  const half = rectangle(left, top, (left + right) / 2, bottom);
  for (const margin of [0, 1, 7]) {
    const { share } = await explained(t, polygon(half, margin));
    assert.ok(
      Math.abs(share * 200 - (100 + margin)) < 1e-6,
      `${share * 200} columns with ${margin}`,
    );
  }
});

test('without a margin a region is widened by an eightieth of the picture', async (t) => {
  const { left, top, right, bottom } = crop;
  const { share } = await explained(t, {
    kind: 'polygon',
    points: rectangle(left, top, (left + right) / 2, bottom),
  });
  assert.ok(Math.abs(share * 200 - 103) < 1e-6);
});

test("the guess lies where the drive's road is, for the most part", async (t) => {
  const guess = await explained(t, GUESSED_ROAD);
  const truth = await explained(t, {
    kind: 'truth',
    path: videoPath.replace('.mp4', '.truth.jsonl.gz'),
  });
  const count = (both: (a: boolean, b: boolean) => boolean) =>
    guess.road!.reduce(
      (sum, value, pixel) => sum + Number(both(value > 0, truth.road![pixel]! > 0)),
      0,
    );
  assert.ok(count((a, b) => a && b) / count((a, b) => a || b) > 0.55);
});
