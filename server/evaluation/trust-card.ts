import type { FILLS, Fill } from './fills.ts';

/** What an evaluation found, as it is written to `evaluation.json`. */
export interface TrustCard {
  readonly roadgazeEvaluation: 1;
  readonly network: { readonly name: string; readonly sha256: string };
  /** What changes of the answer are told in: degrees at the wheel, or the network's own unit. */
  readonly unit: string;
  readonly drives: readonly { readonly name: string; readonly frames: readonly number[] }[];
  readonly settings: CardSettings;
  /** Maps of methods, then those that know nothing, each by how faithful it is. */
  readonly maps: readonly MapScore[];
  /** The best of the maps that know nothing. */
  readonly bestNull: string;
  /** Methods that do not explain this network, and why. */
  readonly unsuited: readonly { readonly id: string; readonly why: string }[];
  readonly assumptions: readonly string[];
  readonly warnings: readonly string[];
}

export interface CardSettings {
  readonly seed: number;
  readonly fills: readonly Fill[];
  /** Parts of the picture that are flipped. */
  readonly fractions: readonly number[];
  readonly shift: {
    readonly threshold: number;
    /** Pixels of the network's picture. */
    readonly widening: number;
    readonly pixels: readonly number[];
  };
  /** Layers that are random at each step, from the last one on. */
  readonly randomLayers: readonly number[];
  /** Of L∞, a part of what the picture's values span. */
  readonly disturbance: number;
}

export type Verdict = 'beats' | 'unclear' | 'fails';

export interface MapScore {
  readonly id: string;
  readonly name: string;
  readonly isNull: boolean;
  readonly frames: number;
  /** Mean over fills of `faithful`. */
  readonly faithful: number;
  /** Whether it is more faithful than the best map that knows nothing; null of those themselves. */
  readonly verdict: Verdict | null;
  readonly gains: Readonly<Partial<Record<(typeof FILLS)[number], GainScore>>>;
  readonly shift: ShiftScore;
  /** null where the road is not known. */
  readonly mass: number | null;
  readonly rank: number | null;
  readonly randomisation: RandomisationScore | null;
  /** null where it was not tried. */
  readonly sensitivity: number | null;
  readonly cost: number | null;
}

export interface GainScore {
  /** Symmetric relevance gain, mean over frames, in the card's unit. */
  readonly gain: number;
  /** That ÷ the mean over frames of the largest change that any map's flipping made: −1…1. */
  readonly faithful: number;
  /** How far the answer changes with each part flipped, mean over frames, in the card's unit. */
  readonly curves: { readonly most: readonly number[]; readonly least: readonly number[] };
}

export interface ShiftScore {
  /** Mean over frames, in the card's unit a pixel to the right. */
  readonly slopes: { readonly salient: number; readonly rest: number; readonly whole: number };
  /** Parts of the whole picture's slope; null where that changes nothing. */
  readonly salient: number | null;
  readonly rest: number | null;
  /** Part of the picture that class 1 is. */
  readonly area: number;
}

export interface RandomisationScore {
  /** Spearman's correlation with the network's own map, at each step. */
  readonly similarity: readonly number[];
  readonly entropyRise: number;
  readonly passed: boolean;
}

/** Above this correlation with all layers random, a map is not the network's. */
export const RANDOM_ENOUGH = 0.5;

/** As the page and the terminal say it in one line. */
export function shortForm({ faithful, randomisation, shift }: MapScore): string {
  return [
    `faithful ${faithful.toFixed(2)}`,
    ...(randomisation ? [`randomisation ${randomisation.passed ? 'passed' : 'failed'}`] : []),
    ...(shift.salient === null ? [] : [`shift ${shift.salient.toFixed(2)}`]),
  ].join(', ');
}
