import { describeMethod } from '../../shared/methods.ts';
import { PASSES_OF_SHIFTS } from './shift-experiment.ts';
import { TRIES } from './stability.ts';
import { FRACTIONS } from './symmetric-relevance-gain.ts';

/** Every so many frames one is explained by methods of many passes. */
const SPARSE = 5;
/** Frames on which weights are made random, and pictures disturbed. */
const MOST_RANDOMISED = 10;
/** Numbers of layers that are made random one after the other. */
export const MOST_STEPS = 10;
/** Methods that are compiled together into a network that is partly random. */
export const TOGETHER = 6;
/** What a compiled explanation counts for, in passes, and one of many passes. */
const [EXPLANATION, SLOW_EXPLANATION] = [3, 1000];

/** What is to be done, counted in passes over the network. */
export interface EvaluationPlan {
  readonly compiled: readonly string[];
  readonly iterative: readonly string[];
  readonly frames: number;
  /** Places of the frames that slow methods explain. */
  readonly sparse: readonly number[];
  /** Places of those with which weights are made random, and which are disturbed. */
  readonly randomised: readonly number[];
  readonly passes: number;
}

export interface PlanRequest {
  readonly methods: readonly string[];
  readonly frames: number;
  readonly nullMaps: number;
  readonly fills: number;
  readonly steps: number;
}

export function evaluationPlan({
  methods,
  frames,
  nullMaps,
  fills,
  steps,
}: PlanRequest): EvaluationPlan {
  const compiled = methods.filter((id) => describeMethod(id)!.realTime);
  const iterative = methods.filter((id) => !describeMethod(id)!.realTime);
  const all = Array.from({ length: frames }, (_, place) => place);
  const sparse = all.filter((place) => place % SPARSE === 0);
  const apart = Math.ceil(frames / MOST_RANDOMISED);
  const randomised = all.filter((place) => place % apart === 0);
  const maps = (compiled.length + nullMaps) * frames + iterative.length * sparse.length;
  const explained = compiled.length * (frames + randomised.length * (TRIES + steps));
  return {
    compiled,
    iterative,
    frames,
    sparse,
    randomised,
    passes:
      maps * passesOfMap(fills) +
      frames * PASSES_OF_SHIFTS +
      explained * EXPLANATION +
      iterative.length * sparse.length * SLOW_EXPLANATION,
  };
}

/** What a map counts for. */
export function passesOfExplanation(id: string): number {
  return describeMethod(id)!.realTime ? EXPLANATION : SLOW_EXPLANATION;
}

/** Of one map on one frame, with so many fills. */
export function passesOfMap(fills: number): number {
  return fills * 2 * FRACTIONS.length + 2 * PASSES_OF_SHIFTS;
}
