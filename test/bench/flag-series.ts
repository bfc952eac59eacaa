import assert from 'node:assert/strict';
import type { FlagColumns } from '../../server/attention/flags/find-flags.ts';
import { openVideo } from '../../server/drive/readers/video.ts';
import { analyzeRecording } from '../../server/pipeline/analysis.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import type { Measure } from '../../shared/measures/measure.ts';
import { MEASURES } from '../../shared/measures/measures.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { valueOf } from '../../shared/measures/values.ts';
import { collect } from '../support/collect.ts';
import type { BenchNetwork } from './flag-networks.ts';
import type { DrawnPiece } from './flag-pictures.ts';

/** What flags can be found by, of those that there are, and which end of it is suspicious. */
const SUSPICIOUS: Readonly<Record<string, 'low' | 'high'>> = { onRoad: 'low', pull: 'high' };

export const judgedMeasures: readonly Measure[] = (MEASURES as readonly Measure[]).filter(
  ({ id }) => id in SUSPICIOUS,
);

/** One method's way through a drive. */
export interface Series {
  /** What the product finds flags in; steering in degrees at the wheel. */
  readonly columns: FlagColumns;
  /** Of each judged measure, a value for each frame: the lower, the more suspicious. */
  readonly ranks: Readonly<Record<string, readonly number[]>>;
}

/** Runs a network on every frame as the viewer and the commands do; for each method its series. */
export async function seriesOf(
  network: BenchNetwork,
  { video, truth }: DrawnPiece,
  methods: readonly string[],
): Promise<Readonly<Record<string, Series>>> {
  const drive = await openVideo(video);
  const explainer = await openStreamExplainer({
    modelPath: network.path,
    road: { kind: 'truth', path: truth },
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
    const ranks = (method: number) =>
      Object.fromEntries(
        judgedMeasures.map((measure) => [
          measure.id,
          rows.map((row) => {
            const value = valueOf(measure, { ...row, driven: NaN }, method);
            return SUSPICIOUS[measure.id] === 'low' ? value : -Math.abs(value);
          }),
        ]),
      );
    return Object.fromEntries(
      methods.map((id, method) => [id, { columns: columns(method), ranks: ranks(method) }]),
    );
  } finally {
    await explainer.close();
    await drive.close();
  }
}
