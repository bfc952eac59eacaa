import type { Plot } from './measure.ts';

/** The plots that a measure can name, from the top. Plots of one measure alone follow. */
export const PLOTS: readonly Plot[] = [
  {
    id: 'steering',
    title: 'Steering',
    shows: 'all',
    height: 1.3,
    kinds: ['off-road', 'steers-wrong', 'pull', 'dead'],
  },
  { id: 'error', title: 'Error', shows: 'all', height: 0.85, kinds: ['steers-wrong', 'dead'] },
  {
    id: 'on-road',
    title: 'On road',
    shows: 'one',
    choice: 'Measure of attention on the road',
    explained:
      'Share of the attention that is on the road, or how many times more that is than by chance (lift)',
    kinds: ['off-road', 'dead'],
    marked: 'peakOnRoad',
  },
  {
    id: 'agreement',
    title: 'Agreement',
    shows: 'one',
    choice: 'Measure of agreement',
    kinds: ['disagreement', 'dead'],
  },
];
