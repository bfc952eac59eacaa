import assert from 'node:assert/strict';
import type { FlagColumns } from '../../server/attention/flags/find-flags.ts';
import type { RoadSpecification } from '../../server/attention/road-specification.ts';
import { analyzeRecording } from '../../server/pipeline/analysis.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { openVideo } from '../../server/drive/readers/video.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { collect } from '../support/collect.ts';

/**
 * A network's way through a recording: for each method what flags are found in, steering in degrees
 * at the wheel.
 */
export type Series = Readonly<Record<string, FlagColumns>>;

/** Runs a network on every frame of a recording as the viewer and the commands do. */
export async function seriesOf(
  modelPath: string,
  videoPath: string,
  road: RoadSpecification,
  methods: readonly string[],
): Promise<Series> {
  const drive = await openVideo(videoPath);
  const explainer = await openStreamExplainer({
    modelPath,
    road,
    video: drive.video,
    methods: methods.map((id) => ({ id })),
    wish: { provider: 'cpu' },
  });
  try {
    const degrees = degreesPerUnit(explainer.network.output) ?? NaN;
    const rows = await collect(
      analyzeRecording({
        drive,
        explainer,
        expected: (await drive.index()).pts,
        onEnd: ({ shortfall }) => assert.equal(shortfall, null),
      }),
    );
    const columns = (method: number): FlagColumns => ({
      pts: rows.map(({ pts }) => pts),
      share: rows.map(({ scores }) => scores[method]!.onRoad ?? NaN),
      lift: rows.map(({ scores }) => scores[method]!.lift ?? NaN),
      mass: rows.map(({ scores }) => scores[method]!.mass),
      steering: rows.map(({ steering }) => steering * degrees),
      driven: rows.map(() => NaN),
      spearman: null,
    });
    return Object.fromEntries(methods.map((id, method) => [id, columns(method)]));
  } finally {
    await explainer.close();
    await drive.close();
  }
}
