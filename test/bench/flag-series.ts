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
import { joined, type Joined } from './flag-joined.ts';
import type { DrawnPiece } from './flag-pictures.ts';

/** What flags can be found by, and which end of it is suspicious. */
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

export type SeriesByMethod = Readonly<Record<string, Series>>;

/**
 * Runs a network on every frame as the viewer and the commands do; for each piece and method its
 * series.
 */
export async function seriesOf(
  network: BenchNetwork,
  pieces: readonly DrawnPiece[],
  methods: readonly string[],
): Promise<SeriesByMethod[]> {
  const of = pieces.map((): Record<string, Series> => ({}));
  await joined(pieces, async (recording) => {
    // The pull is that of one method: each has a pass of its own.
    for (const method of methods) {
      const rows = await rowsOf(network, recording, method);
      let start = 0;
      pieces.forEach(({ frames }, index) => {
        of[index]![method] = series(rows.slice(start, (start += frames)));
      });
    }
  });
  return of;
}

async function rowsOf(network: BenchNetwork, { video, truth }: Joined, method: string) {
  const drive = await openVideo(video);
  const explainer = await openStreamExplainer({
    modelPath: network.path,
    road: { kind: 'truth', path: truth },
    video: drive.video,
    methods: [{ id: method }],
    pull: true,
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
    return rows.map((row) => ({
      ...row,
      steering: row.steering * degrees,
      pull: typeof row.pull === 'number' ? row.pull * degrees : NaN,
    }));
  } finally {
    await explainer.close();
    await drive.close();
  }
}

type Rows = Awaited<ReturnType<typeof rowsOf>>;

function series(rows: Rows): Series {
  const [first] = rows;
  const numbers = (of: (row: Rows[number]) => number) => rows.map(of);
  return {
    columns: {
      pts: numbers(({ pts }) => pts - first!.pts),
      share: numbers(({ scores }) => scores[0]!.onRoad ?? NaN),
      lift: numbers(({ scores }) => scores[0]!.lift ?? NaN),
      mass: numbers(({ scores }) => scores[0]!.mass),
      steering: numbers(({ steering }) => steering),
      pull: numbers(({ pull }) => pull),
      driven: numbers(() => NaN),
      spearman: null,
    },
    ranks: Object.fromEntries(
      judgedMeasures.map((measure) => [
        measure.id,
        numbers((row) => {
          const value = valueOf(measure, { ...row, driven: NaN });
          return SUSPICIOUS[measure.id] === 'low' ? value : -Math.abs(value);
        }),
      ]),
    ),
  };
}
