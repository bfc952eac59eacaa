import type { CausalCheck, Flag, FlagKind } from '../../shared/flags.ts';
import { liftText, magnitudeText, percentText, steeringText } from './format.ts';
import type { SteeringUnit } from './steering-unit.ts';

/** What each kind is called. */
export const FLAG_KINDS: Readonly<Record<FlagKind, string>> = {
  'off-road': 'off road',
  'steers-wrong': 'looks right, steers wrong',
  pull: 'pulled from off the road',
  dead: 'dead network',
  disagreement: 'methods disagree',
};

/** Names a flag, also in another list of them by the same settings. */
export function flagKey({
  kind,
  startFrame,
}: {
  readonly kind: FlagKind;
  readonly startFrame: number;
}): string {
  return `${kind} ${startFrame}`;
}

/** An empty explanation shows nothing that could be covered. */
export function canBeChecked({ kind }: Flag): boolean {
  return kind !== 'dead';
}

/** The measure on the frame to look at first, in words. */
export function worstText(
  { kind, worst }: Flag,
  measure: 'share' | 'lift',
  unit: SteeringUnit,
): string {
  switch (kind) {
    case 'off-road':
      return measure === 'lift'
        ? `lift down to ${liftText(worst)}`
        : `down to ${percentText(worst * 100)}`;
    case 'steers-wrong':
    case 'pull':
      return `up to ${magnitudeText(worst, unit)}`;
    case 'dead':
      return 'nothing to see';
    case 'disagreement':
      return `down to ${worst.toFixed(2).replace('-', '−')}`;
  }
}

/**
 * `Without it: 14.4° to the right. Confirmed on 6 of 9 frames (limit 2.0°; the same cover
 * elsewhere: 0.6°).`
 */
export function verdictText(
  { change, isConfirmed, threshold, control, frames, movedFrames }: CausalCheck,
  unit: SteeringUnit,
): string {
  const shown = change * unit.factor;
  const text = steeringText(shown, unit);
  const turned = text.replace(/ (left|right)$/, ' to the $1');
  const limit = `limit ${magnitudeText(threshold * unit.factor, unit)}`;
  const elsewhere =
    control === null
      ? 'the same cover fits nowhere else'
      : `the same cover elsewhere: ${magnitudeText(control * unit.factor, unit)}`;
  return `Without it: ${turned}. ${isConfirmed ? `Confirmed on ${movedFrames} of ${frames} ${frames === 1 ? 'frame' : 'frames'}` : 'Not confirmed'} (${limit}; ${elsewhere}).`;
}

/** The flag whose worst frame comes next (direction 1) or came before (−1). */
export function neighbourFlag(
  flags: readonly Flag[],
  frame: number,
  direction: 1 | -1,
): Flag | undefined {
  const ordered = [...flags].sort((a, b) => a.worstFrame - b.worstFrame);
  return direction === 1
    ? ordered.find(({ worstFrame }) => worstFrame > frame)
    : ordered.findLast(({ worstFrame }) => worstFrame < frame);
}

/**
 * Frame with the lowest on-road share of the whole drive; undefined before anything is analysed.
 */
export function worstFrame(onRoad: ArrayLike<number>): number | undefined {
  let worst: number | undefined;
  let lowest = Infinity;
  for (let frame = 0; frame < onRoad.length; frame++) {
    const share = onRoad[frame] as number;
    if (share < lowest) {
      lowest = share;
      worst = frame;
    }
  }
  return worst;
}
