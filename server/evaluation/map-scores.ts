import { FILLS, type Fill } from './fills.ts';
import { mean } from './predict.ts';
import type { Randomisation } from './randomisation.ts';
import { partOfWhole } from './shift-experiment.ts';
import type { FlipCurves } from './symmetric-relevance-gain.ts';
import {
  RANDOM_ENOUGH,
  type GainScore,
  type MapScore,
  type ShiftScore,
  type Verdict,
} from './trust-card.ts';

/** What was measured of one map on one frame. */
export interface FrameScore {
  readonly gains: ReadonlyMap<Fill, FillGain>;
  readonly shift: {
    readonly salient: number;
    readonly rest: number;
    readonly whole: number;
    readonly area: number;
  };
  readonly mass: number | null;
  readonly rank: number | null;
}

export interface FillGain {
  readonly gain: number;
  /** The largest change that its flipping made. */
  readonly reach: number;
  readonly curves: FlipCurves;
}

/** All that was measured of one map; frames by their place in the evaluation. */
export interface MeasuredMap {
  readonly id: string;
  readonly name: string;
  readonly isNull: boolean;
  readonly frames: ReadonlyMap<number, FrameScore>;
  readonly randomisation: Randomisation | null;
  readonly sensitivity: number | null;
  readonly cost: number | null;
}

/** Standard errors by which a mean difference must lie beyond zero. */
const CLEAR = 1.96;

/** Methods by how faithful they are, then null maps. */
export function scoresOf(measured: readonly MeasuredMap[]): MapScore[] {
  const reaches = reachesOf(measured);
  const shares = measured.map(({ frames }) => sharesOf(frames, reaches));
  const nulls = measured.flatMap(({ isNull }, index) => (isNull ? [index] : []));
  const best = nulls.toSorted((a, b) => meanOf(shares[b]!) - meanOf(shares[a]!))[0];
  return measured
    .map((map, index): MapScore => {
      const frames = [...map.frames.values()];
      const gains = gainsOf(map.frames, reaches);
      return {
        id: map.id,
        name: map.name,
        isNull: map.isNull,
        frames: frames.length,
        faithful: mean(Object.values(gains).map(({ faithful }) => faithful)),
        verdict: map.isNull || best === undefined ? null : verdictOf(shares[index]!, shares[best]!),
        gains,
        shift: shiftOf(frames),
        mass: meanKnown(frames.map(({ mass }) => mass)),
        rank: meanKnown(frames.map(({ rank }) => rank)),
        randomisation: map.randomisation && {
          ...map.randomisation,
          passed: map.randomisation.similarity.at(-1)! < RANDOM_ENOUGH,
        },
        sensitivity: map.sensitivity,
        cost: map.cost,
      };
    })
    .sort((a, b) => Number(a.isNull) - Number(b.isNull) || b.faithful - a.faithful);
}

/** For each fill and frame, the largest change that any map's flipping made. */
type Reaches = ReadonlyMap<Fill, ReadonlyMap<number, number>>;

function reachesOf(measured: readonly MeasuredMap[]): Reaches {
  const reaches = new Map<Fill, Map<number, number>>();
  for (const fill of FILLS) {
    const byFrame = new Map<number, number>();
    for (const { frames } of measured) {
      for (const [frame, { gains }] of frames) {
        const found = gains.get(fill);
        if (found) byFrame.set(frame, Math.max(byFrame.get(frame) ?? 0, found.reach));
      }
    }
    if (byFrame.size > 0) reaches.set(fill, byFrame);
  }
  return reaches;
}

function gainsOf(
  frames: MeasuredMap['frames'],
  reaches: Reaches,
): Partial<Record<Fill, GainScore>> {
  return Object.fromEntries(
    [...reaches].map(([fill, byFrame]) => {
      const found = [...frames.values()].map(({ gains }) => gains.get(fill)!);
      const gain = mean(found.map((each) => each.gain));
      const reach = mean([...frames.keys()].map((frame) => byFrame.get(frame)!));
      const curve = (which: keyof FlipCurves) =>
        Array.from(found[0]!.curves[which], (_, at) =>
          mean(found.map(({ curves }) => curves[which][at]!)),
        );
      return [
        fill,
        {
          gain,
          faithful: reach > 0 ? gain / reach : 0,
          curves: { most: curve('most'), least: curve('least') },
        },
      ];
    }),
  );
}

/** Of each frame, the mean over fills of its gain as a part of the mean reach. */
function sharesOf(frames: MeasuredMap['frames'], reaches: Reaches): ReadonlyMap<number, number> {
  const usual = new Map([...reaches].map(([fill, each]) => [fill, mean([...each.values()])]));
  return new Map(
    [...frames].map(([frame, { gains }]) => [
      frame,
      mean([...gains].map(([fill, { gain }]) => gain / (usual.get(fill) || 1))),
    ]),
  );
}

function meanOf(shares: ReadonlyMap<number, number>): number {
  return mean([...shares.values()]);
}

/** By the frames that both have. */
function verdictOf(own: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): Verdict {
  const differences = [...own].flatMap(([frame, share]) =>
    other.has(frame) ? [share - other.get(frame)!] : [],
  );
  const middle = mean(differences);
  const spread = Math.sqrt(
    differences.reduce((sum, each) => sum + (each - middle) ** 2, 0) /
      Math.max(1, differences.length - 1),
  );
  if (middle <= 0) return 'fails';
  return differences.length > 1 && middle > (CLEAR * spread) / Math.sqrt(differences.length)
    ? 'beats'
    : 'unclear';
}

function shiftOf(frames: readonly FrameScore[]): ShiftScore {
  const slopes = (which: 'salient' | 'rest' | 'whole') => frames.map(({ shift }) => shift[which]);
  const whole = slopes('whole');
  return {
    slopes: { salient: mean(slopes('salient')), rest: mean(slopes('rest')), whole: mean(whole) },
    salient: partOfWhole(slopes('salient'), whole),
    rest: partOfWhole(slopes('rest'), whole),
    area: mean(frames.map(({ shift }) => shift.area)),
  };
}

function meanKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((each) => each !== null);
  return known.length > 0 ? mean(known) : null;
}
