import { CAUSE_DEGREES, type FlagSettings } from '../../shared/flags.ts';
import { drawing, hasCues } from './flag-drives.ts';
import type { Evidence } from './flag-evidence.ts';
import { flaggedFrames, judge, offRoadFlags, type Judgement } from './flag-judgement.ts';
import { areaUnderCurve } from './flag-measures.ts';

export const minutesOf = (drives: readonly unknown[]): number =>
  (drives.length * drawing.seconds) / 60;

/** How a method's flags fare with some settings. */
export interface Row {
  readonly method: string;
  readonly settings: FlagSettings;
  /** Of the shortcut network, by the style of the drives. */
  readonly misleading: Judgement;
  readonly shortcut: Judgement;
  /** Of the measure alone, on the misleading drives. */
  readonly areaUnderCurve: number;
  /** Part of the falsely flagged frames that show a board all the same. */
  readonly boardInFalseAlarms: number;
  /**
   * Part of the missed frames on which the boards move the wheel by less than twice the threshold.
   */
  readonly smallInMisses: number;
  /**
   * Flags of the honest network a minute: on the misleading drives, and on those without boards.
   */
  readonly honestMisleading: number;
  readonly honestOthers: number;
}

export function rowOf(evidence: readonly Evidence[], method: string, settings: FlagSettings): Row {
  const flagsOf = (each: Evidence, network: 'honest' | 'shortcut') =>
    offRoadFlags(each[network].series[method]!, settings);
  const ofStyle = (style: string) => evidence.filter(({ drive }) => drive.style === style);
  const judged = (style: string) =>
    judge(
      ofStyle(style).map((each) => ({
        flags: flagsOf(each, 'shortcut'),
        truth: each.shortcut.truth,
      })),
    );
  const misleading = ofStyle('misleading');
  const alarms = (drives: readonly Evidence[]) =>
    drives.reduce((sum, each) => sum + flagsOf(each, 'honest').length, 0) / minutesOf(drives);
  const frames = misleading.flatMap((each) => {
    const flagged = flaggedFrames(flagsOf(each, 'shortcut'), each.boards.length);
    return each.boards.map((board, frame) => ({
      board,
      isFlagged: flagged[frame]!,
      isTrue: each.shortcut.truth.frames[frame]!,
      change: Math.abs(each.shortcut.change[frame]!),
    }));
  });
  const part = <T>(of: readonly T[], holds: (one: T) => boolean) =>
    of.filter(holds).length / of.length;
  return {
    method,
    settings,
    misleading: judged('misleading'),
    shortcut: judged('shortcut'),
    areaUnderCurve: areaUnderCurve(
      misleading.flatMap((each) => Array.from(each.shortcut.series[method]![settings.measure])),
      frames.map(({ isTrue }) => isTrue),
    ),
    boardInFalseAlarms: part(
      frames.filter(({ isFlagged, isTrue }) => isFlagged && !isTrue),
      ({ board }) => board,
    ),
    smallInMisses: part(
      frames.filter(({ isFlagged, isTrue }) => !isFlagged && isTrue),
      ({ change }) => change < 2 * CAUSE_DEGREES,
    ),
    honestMisleading: alarms(misleading),
    honestOthers: alarms(evidence.filter(({ drive }) => !hasCues(drive))),
  };
}
