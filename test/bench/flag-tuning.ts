import type { FlagColumns } from '../../server/attention/flags/find-flags.ts';
import type { FlagSettings } from '../../shared/flags.ts';
import { judge, offRoadFlags, type CausalTruth, type Judgement } from './flag-judgement.ts';

/**
 * What the honest network may be flagged, a minute, and which part of the truth intervals must be
 * found.
 */
export const AIM = { falseAlarmsPerMinute: 0.2, intervalRecall: 0.9, precision: 0.9 };
/**
 * The honest network must keep to the aim even if thresholds were higher by this part: other drives
 * are not these.
 */
const MARGIN = 0.1;

export interface TuningDrive {
  readonly honest: FlagColumns;
  /** Null where there is nothing to leave out. */
  readonly shortcut: { readonly columns: FlagColumns; readonly truth: CausalTruth } | null;
}

const steps = (from: number, to: number, by: number) =>
  Array.from({ length: Math.round((to - from) / by) + 1 }, (_, step) =>
    Number((from + step * by).toFixed(4)),
  );

/** Every combination that is tried. */
function* settings(): Generator<FlagSettings> {
  for (const [measure, thresholds] of [
    ['share', steps(0.1, 0.8, 0.025)],
    ['lift', steps(0.1, 1.3, 0.05)],
  ] as const) {
    for (const enterBelow of thresholds) {
      for (const hysteresis of measure === 'share' ? [0, 0.05, 0.1] : [0, 0.1, 0.2]) {
        for (const minimumSeconds of [0.3, 0.5, 1]) {
          for (const mergeSeconds of [0, 0.2, 0.5]) {
            yield {
              measure,
              enterBelow,
              leaveAbove: Number((enterBelow + hysteresis).toFixed(4)),
              minimumSeconds,
              mergeSeconds,
              errorAbove: null,
              agreementBelow: null,
            };
          }
        }
      }
    }
  }
}

const harmonicMean = (a: number, b: number): number => (a > 0 && b > 0 ? (2 * a * b) / (a + b) : 0);

export interface Tuned {
  readonly settings: FlagSettings;
  readonly judgement: Judgement;
  readonly falseAlarmsPerMinute: number;
}

/**
 * The settings that serve a method best on the drives: of those that keep the honest network's
 * flags below the aim with a margin, those that find enough intervals, and of these the most
 * precise on frames. Where none finds enough, the one with the highest F₁ of precision and interval
 * recall.
 */
export function tune(drives: readonly TuningDrive[], minutes: number): Tuned {
  let best: { tuned: Tuned; rank: readonly [number, number] } | null = null;
  for (const candidate of settings()) {
    const alarms = (raised: FlagSettings) =>
      drives.reduce((sum, { honest }) => sum + offRoadFlags(honest, raised).length, 0) / minutes;
    const { enterBelow, leaveAbove } = candidate;
    if (
      alarms({
        ...candidate,
        enterBelow: enterBelow * (1 + MARGIN),
        leaveAbove: leaveAbove * (1 + MARGIN),
      }) >= AIM.falseAlarmsPerMinute
    )
      continue;
    const judgement = judge(
      drives.flatMap(({ shortcut }) =>
        shortcut
          ? [{ flags: offRoadFlags(shortcut.columns, candidate), truth: shortcut.truth }]
          : [],
      ),
    );
    const { precision, intervalRecall } = judgement;
    const finds = intervalRecall >= AIM.intervalRecall;
    const rank = [
      finds ? 1 : 0,
      finds ? precision : harmonicMean(precision, intervalRecall),
    ] as const;
    if (!best || rank[0] > best.rank[0] || (rank[0] === best.rank[0] && rank[1] > best.rank[1]))
      best = {
        tuned: { settings: candidate, judgement, falseAlarmsPerMinute: alarms(candidate) },
        rank,
      };
  }
  if (!best) throw new Error('no settings keep the honest network below the aim');
  return best.tuned;
}
