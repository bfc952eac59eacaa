import { CAUSE_DEGREES, type FlagSettings } from '../../shared/flags.ts';
import { randomNumbers } from '../support/network.ts';
import { drawing } from './flag-drives.ts';
import type { DriveEvidence, Evidence } from './flag-evidence.ts';
import { judge, flagsOf, type Judgement } from './flag-judgement.ts';
import { kinds, type LeftOut } from './flag-kinds.ts';
import { areaUnderCurve, partOf, recallAtPrecision } from './flag-measures.ts';
import type { NetworkName } from './flag-networks.ts';
import { bestThreshold, flagsAt, type AtThreshold } from './flag-thresholds.ts';
import { quantile } from './measure.ts';

export const PRECISION = 0.9;

/** A number over all drives, and the middle 90 % of what drawing as many drives from them gives. */
export interface Spread {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How well a measure of a method tells true frames from others, by itself and in flags. */
export interface MeasureRow {
  readonly measure: string;
  readonly method: string;
  readonly areaUnderCurve: Spread;
  readonly recallAtPrecision: Spread;
  /** Of the thresholds that are right nine times in ten; null where none is. */
  readonly best: AtThreshold | null;
  /** Flags of the honest network a minute by that threshold, and those without any cause. */
  readonly honest: Alarms | null;
}

export interface Alarms {
  readonly aMinute: number;
  readonly withoutCause: number;
}

const minutesOf = (evidence: readonly Evidence[]): number =>
  evidence.reduce((sum, { drive }) => sum + drive.frames / drawing.fps / 60, 0);

/** Those of a network, on the drives on which it was run. */
export const evidenceFor = (drives: readonly DriveEvidence[], name: NetworkName): Evidence[] =>
  drives.flatMap(({ of }) => of[name] ?? []);

export function measureRow(
  judged: readonly Evidence[],
  honest: readonly Evidence[],
  measure: string,
  method: string,
): MeasureRow {
  const ranksOf = ({ series }: Evidence) => series[method]!.ranks[measure]!;
  const pooled = (statistic: typeof areaUnderCurve) => (drives: readonly Evidence[]) =>
    statistic(
      drives.flatMap(ranksOf),
      drives.flatMap(({ truth }) => truth.frames),
    );
  const best = bestThreshold(
    judged.map((each) => ({ ranks: ranksOf(each), truth: each.truth })),
    PRECISION,
    drawing.fps,
  );
  return {
    measure,
    method,
    areaUnderCurve: spread(judged, pooled(areaUnderCurve)),
    recallAtPrecision: spread(
      judged,
      pooled((values, truth) => recallAtPrecision(values, truth, PRECISION)),
    ),
    best,
    honest: best && alarms(honest, (each) => flagsAt(ranksOf(each), best.threshold, drawing.fps)),
  };
}

/** Flags as the product finds them with some settings. */
export interface FlagRow {
  readonly method: string;
  readonly by: 'off-road' | 'pull';
  readonly settings: FlagSettings;
  readonly judgement: Judgement;
  readonly honest: Alarms;
}

export function flagRow(
  judged: readonly Evidence[],
  honest: readonly Evidence[],
  method: string,
  settings: FlagSettings,
  by: 'off-road' | 'pull' = 'off-road',
): FlagRow {
  const found = ({ series }: Evidence) => flagsOf(series[method]!.columns, settings, by);
  return {
    method,
    by,
    settings,
    judgement: judge(judged.map((each) => ({ flags: found(each), truth: each.truth }))),
    honest: alarms(honest, (each) =>
      found(each).map(({ startFrame, endFrame }) => ({ first: startFrame, last: endFrame })),
    ),
  };
}

function alarms(
  evidence: readonly Evidence[],
  flagsIn: (each: Evidence) => readonly { readonly first: number; readonly last: number }[],
): Alarms {
  let [all, withoutCause] = [0, 0];
  for (const each of evidence)
    for (const flag of flagsIn(each)) {
      all++;
      if (partOf(flag, each.truth.frames) === 0) withoutCause++;
    }
  const minutes = minutesOf(evidence);
  return { aMinute: all / minutes, withoutCause: withoutCause / minutes };
}

/** What one kind does to a network. */
export interface CauseRow {
  readonly left: LeftOut | 'any';
  /** Part of the frames that show it. */
  readonly seen: number;
  /** Mean size of the change where it is seen, degrees at the wheel. */
  readonly degrees: number;
  /** Part of all frames on which it moves the wheel by more than a cause does. */
  readonly trueFrames: number;
}

export function causeRow(evidence: readonly Evidence[], left: LeftOut | 'any'): CauseRow {
  const sizes = evidence.flatMap(({ causes: { changes }, drive }) =>
    changes.all.map((_, frame) => ({
      seen: left === 'any' || left === 'all' || drive.pixels[left][frame]! > 0,
      size:
        left === 'any'
          ? Math.max(...Object.values(changes).map((change) => Math.abs(change[frame]!)))
          : Math.abs(changes[left][frame]!),
    })),
  );
  const seen = sizes.filter((each) => each.seen);
  return {
    left,
    seen: seen.length / sizes.length,
    degrees: seen.reduce((sum, { size }) => sum + size, 0) / seen.length,
    trueFrames: sizes.filter(({ size }) => size > CAUSE_DEGREES).length / sizes.length,
  };
}

/** Which kinds move the wheel within each truth interval, the strongest first, over all drives. */
export function intervalCauses(evidence: readonly Evidence[]): Map<string, number> {
  const counted = new Map<string, number>();
  for (const { truth, causes } of evidence)
    for (const { first, last } of truth.intervals) {
      const means = kinds
        .map((kind) => ({
          kind,
          mean:
            causes.changes[kind]
              .slice(first, last + 1)
              .reduce((sum, change) => sum + Math.abs(change), 0) /
            (last - first + 1),
        }))
        .sort((a, b) => b.mean - a.mean);
      const strongest = means[0]!;
      const name = strongest.mean > CAUSE_DEGREES ? strongest.kind : 'together';
      counted.set(name, (counted.get(name) ?? 0) + 1);
    }
  return counted;
}

const RESAMPLES = 400;

function spread(
  drives: readonly Evidence[],
  statistic: (of: readonly Evidence[]) => number,
): Spread {
  const random = randomNumbers(16);
  const seeds = [...new Set(drives.map(({ drive }) => drive.seed))];
  const again = Array.from({ length: RESAMPLES }, () =>
    statistic(
      seeds.flatMap(() => {
        const drawn = seeds[Math.floor(random() * seeds.length)];
        return drives.filter(({ drive }) => drive.seed === drawn);
      }),
    ),
  ).filter((value) => !Number.isNaN(value));
  return { value: statistic(drives), low: quantile(again, 0.05), high: quantile(again, 0.95) };
}
