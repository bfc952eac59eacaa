import { fromMostRelevant } from './symmetric-relevance-gain.ts';

export interface Localisation {
  /** Relevance inside ÷ relevance; null where there is none. */
  readonly mass: number | null;
  /** Of as many most relevant pixels as the region has, those inside ÷ their number. */
  readonly rank: number | null;
}

/**
 * Relevance mass and rank accuracy (Arras et al. 2022, arXiv 2003.07258). `plane` ≥ 0; `region`: not
 * 0 inside.
 */
export function localisation(plane: Float32Array, region: Uint8Array, seed = 1): Localisation {
  let [inside, all, size] = [0, 0, 0];
  plane.forEach((value, place) => {
    all += value;
    if (region[place] === 0) return;
    inside += value;
    size++;
  });
  const top = fromMostRelevant(plane, seed).subarray(0, size);
  const hits = top.reduce((count, place) => count + (region[place] === 0 ? 0 : 1), 0);
  return {
    mass: all > 0 ? inside / all : null,
    rank: all > 0 && size > 0 ? hits / size : null,
  };
}
