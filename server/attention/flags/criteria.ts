import type { FlagKind, FlagSettings } from '../../../shared/flags.ts';

/**
 * What flags are found in: rows in presentation order, of the first method; NaN where a number is
 * not known.
 */
export interface FlagColumns {
  /** Seconds, ascending. */
  readonly pts: ArrayLike<number>;
  /** On-road share, 0..1. */
  readonly share: ArrayLike<number>;
  readonly lift: ArrayLike<number>;
  /** 0: the explanation is empty. null where that does not say that the network is dead. */
  readonly mass: ArrayLike<number> | null;
  readonly steering: ArrayLike<number>;
  /** In the unit and sign of `steering`. */
  readonly driven: ArrayLike<number>;
  /** Rank correlation with the second method; null where there is none. */
  readonly spearman: ArrayLike<number> | null;
  /** ≥ 0, in the unit of `steering`; null where nobody asked for it. */
  readonly pull?: ArrayLike<number> | null;
}

/**
 * `begins`: beyond the threshold. `holds`: short of it, but not by enough to end a flag that has
 * begun.
 */
export type RowState = 'begins' | 'holds' | 'ends' | 'unknown';

/** What makes a flag of one kind. */
export interface Criterion {
  readonly kind: FlagKind;
  state(columns: FlagColumns, row: number): RowState;
  /** What the flag tells of its worst frame. */
  value(columns: FlagColumns, row: number): number;
  /**
   * How far beyond the threshold: 0 at it, 1 as far as can be, or, for a size without an end, at
   * twice the threshold.
   */
  excess(columns: FlagColumns, row: number): number;
}

/**
 * Distance between the threshold that begins a flag and the one that ends it, where the settings
 * give only one, as a part of its range.
 */
const HYSTERESIS = 0.2;

/** `degrees`: degrees at the wheel in one unit of `steering`; null where that is no angle. */
export function criteriaOf(settings: FlagSettings, degrees: number | null): readonly Criterion[] {
  const { errorAbove, agreementBelow, pullAbove = null } = settings;
  return [
    offRoad(settings),
    ...(errorAbove === null ? [] : [steersWrong(settings, errorAbove, degrees ?? 1)]),
    ...(pullAbove === null ? [] : [pulled(pullAbove, degrees ?? 1)]),
    dead,
    ...(agreementBelow === null ? [] : [disagreement(agreementBelow)]),
  ];
}

function offRoad({ measure, enterBelow, leaveAbove }: FlagSettings): Criterion {
  const value = (columns: FlagColumns, row: number) => columns[measure][row]!;
  return {
    kind: 'off-road',
    value,
    state: (columns, row) => below(value(columns, row), enterBelow, leaveAbove),
    excess: (columns, row) => 1 - value(columns, row) / enterBelow,
  };
}

/**
 * Attention counts as on the road from `leaveAbove` up and, once such a flag has begun, down to
 * `enterBelow`.
 */
function steersWrong(
  { measure, enterBelow, leaveAbove }: FlagSettings,
  limit: number,
  factor: number,
): Criterion {
  const value = ({ steering, driven }: FlagColumns, row: number) =>
    Math.abs(steering[row]! - driven[row]!) * factor;
  return {
    kind: 'steers-wrong',
    value,
    state(columns, row) {
      const [error, onRoad] = [value(columns, row), columns[measure][row]!];
      if (error <= limit * (1 - HYSTERESIS) || onRoad < enterBelow) return 'ends';
      if (Number.isNaN(error) || Number.isNaN(onRoad)) return 'unknown';
      return error > limit && onRoad >= leaveAbove ? 'begins' : 'holds';
    },
    excess: (columns, row) => value(columns, row) / limit - 1,
  };
}

function pulled(limit: number, factor: number): Criterion {
  const value = ({ pull }: FlagColumns, row: number) => (pull?.[row] ?? NaN) * factor;
  return {
    kind: 'pull',
    value,
    state(columns, row) {
      const pull = value(columns, row);
      if (Number.isNaN(pull)) return 'unknown';
      if (pull > limit) return 'begins';
      return pull > limit * (1 - HYSTERESIS) ? 'holds' : 'ends';
    },
    excess: (columns, row) => value(columns, row) / limit - 1,
  };
}

const dead: Criterion = {
  kind: 'dead',
  value: () => 0,
  state({ mass }, row) {
    if (!mass || Number.isNaN(mass[row]!)) return 'unknown';
    return mass[row] === 0 ? 'begins' : 'ends';
  },
  excess: () => 1,
};

function disagreement(limit: number): Criterion {
  const value = ({ spearman }: FlagColumns, row: number) => spearman?.[row] ?? NaN;
  return {
    kind: 'disagreement',
    value,
    state: (columns, row) => below(value(columns, row), limit, limit + HYSTERESIS * (1 - limit)),
    excess: (columns, row) => (limit - value(columns, row)) / (limit + 1),
  };
}

function below(value: number, enterBelow: number, leaveAbove: number): RowState {
  if (Number.isNaN(value)) return 'unknown';
  if (value < enterBelow) return 'begins';
  return value >= leaveAbove ? 'ends' : 'holds';
}
