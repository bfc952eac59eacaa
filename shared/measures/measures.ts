import type { FlagSettings } from '../flags.ts';
import type { Measure, MeasureLimits, MeasureOf } from './measure.ts';

/**
 * Every number that is known of each frame. A new one is an entry here and the code that computes
 * it. The order is that of the columns in frames.csv.
 */
export const MEASURES = [
  {
    id: 'steering',
    of: 'frame',
    csv: 'steering',
    short: 'wanted',
    meaning: "the network's number, in its own unit and sign",
    unknown: 'the network gives no number',
    unit: 'steering',
    number: 'real',
    range: [null, null],
    source: 'rows',
    isAnswer: true,
    kept: true,
    track: {
      plot: 'steering',
      label: 'wanted',
      color: '--wanted',
      width: 1.5,
      filled: false,
      scale: 'around-zero',
      between: 'middle',
    },
  },
  {
    // Mass on the road ÷ mass, whatever the values' sign; the road is the widened region.
    id: 'onRoad',
    of: 'method',
    csv: 'onRoad',
    short: 'on road',
    meaning: 'share of the mask on the road',
    unknown: 'no road region, or an empty mask',
    unit: 'share',
    number: 'real',
    range: [0, 1],
    source: 'rows',
    needs: 'road',
    rounded: true,
    kept: true,
    summary: 'statistics',
    readout: true,
    track: {
      plot: 'on-road',
      label: 'share',
      color: '--on-road',
      width: 1.75,
      filled: true,
      scale: 'range',
      between: 'middle',
      limits: (settings, factor) => roadLimits('share', settings, factor),
    },
  },
  {
    id: 'driven',
    of: 'frame',
    csv: 'driven',
    short: 'driven',
    meaning: 'what was driven, in the unit of `steering`',
    unknown: 'no log, or none that can be compared',
    unit: 'steering',
    number: 'real',
    range: [null, null],
    source: 'rows',
    needs: 'driven',
    kept: true,
    // Driven and wanted differ in width too, not in colour alone.
    track: {
      plot: 'steering',
      label: 'driven',
      color: '--driven',
      width: 3,
      filled: false,
      scale: 'around-zero',
      between: 'middle',
    },
  },
  {
    id: 'error',
    of: 'frame',
    csv: 'error',
    short: 'error',
    meaning: '`steering` less `driven`',
    unknown: 'one of them is unknown',
    unit: 'steering',
    number: 'real',
    range: [null, null],
    source: { from: ['steering', 'driven'], by: (steering, driven) => steering - driven },
    needs: 'driven',
    magnitude: true,
    kept: true,
    readout: true,
    track: {
      plot: 'error',
      label: 'error',
      color: '--error',
      width: 1.5,
      filled: true,
      scale: 'from-zero',
      // The setting is in degrees, or in the output's own unit: as it is shown.
      limits: ({ errorAbove }) =>
        errorAbove === null ? null : { words: 'flag above', begins: errorAbove, ends: null },
    },
  },
  {
    // Mean of a few tenths of a second: see `server/pipeline/pull-means.ts`.
    id: 'pull',
    of: 'frame',
    csv: 'pull',
    short: 'pull',
    meaning:
      'how far `steering` moves without what is densely looked at off the road, beyond a control',
    unknown: 'no road region, or the network gives no number',
    unit: 'steering',
    number: 'real',
    range: [0, null],
    source: 'rows',
    needs: 'asked',
    magnitude: true,
    rounded: true,
    kept: true,
    readout: true,
    track: {
      plot: { title: 'Pull', height: 1, kinds: ['pull'] },
      label: 'pull',
      color: '--pull',
      width: 1.5,
      filled: true,
      scale: 'from-zero',
      // As `errorAbove`: as it is shown.
      limits: ({ pullAbove = null }) =>
        pullAbove === null ? null : { words: 'flag above', begins: pullAbove, ends: null },
    },
  },
  {
    // Unknown also where there is no road in the picture.
    id: 'lift',
    of: 'method',
    csv: 'lift',
    short: 'lift',
    meaning: "share ÷ the region's part of the area; chance gives 1",
    unknown: 'as `onRoad`, or no road in the picture',
    unit: 'ratio',
    number: 'real',
    range: [0, null],
    source: 'rows',
    needs: 'road',
    rounded: true,
    kept: true,
    summary: 'statistics',
    readout: true,
    track: {
      plot: 'on-road',
      label: 'lift',
      color: '--on-road',
      width: 1.75,
      filled: true,
      scale: 'from-zero',
      // 1 is what chance gives, so there is a line.
      lowestTop: 2,
      between: 1,
      limits: (settings, factor) => roadLimits('lift', settings, factor),
    },
  },
  {
    // 1 where the mask's largest value lies on the road and nowhere else.
    id: 'peakOnRoad',
    of: 'method',
    csv: 'peakOnRoad',
    short: 'peak on road',
    meaning: "whether the mask's highest value lies on the road",
    unknown: 'as `onRoad`',
    unit: 'flag',
    number: 'flag',
    range: [0, 1],
    source: 'rows',
    needs: 'road',
    kept: true,
    summary: 'mean',
  },
  {
    // Sum of the sizes of the mask's values ÷ (the largest size × pixels).
    id: 'mass',
    of: 'method',
    csv: 'mass',
    short: 'mass',
    meaning: 'mean of the mask, as a part of its largest value; 0 for an empty mask',
    unknown: 'never',
    unit: 'share',
    number: 'real',
    range: [0, 1],
    source: 'rows',
    always: true,
    rounded: true,
  },
  {
    id: 'offRoadX',
    of: 'method',
    csv: 'offRoadX',
    short: 'off road, x',
    meaning: 'centre of what lies off the road, from the left of the mask',
    unknown: 'as `onRoad`, or nothing lies off the road',
    unit: 'frame',
    number: 'real',
    range: [0, 1],
    source: 'rows',
    needs: 'road',
    rounded: true,
  },
  {
    id: 'offRoadY',
    of: 'method',
    csv: 'offRoadY',
    short: 'off road, y',
    meaning: 'the same, from the top',
    unknown: 'as `offRoadX`',
    unit: 'frame',
    number: 'real',
    range: [0, 1],
    source: 'rows',
    needs: 'road',
    rounded: true,
  },
  {
    // Steering with what was drawn to mislead less steering without it.
    id: 'cause',
    of: 'frame',
    csv: null,
    short: 'the sign’s part',
    meaning: 'how much further the network steered because of what was drawn to mislead',
    unknown: 'nobody rendered the drive again without it',
    unit: 'steering',
    number: 'real',
    range: [null, null],
    source: 'opened',
    kept: true,
  },
  {
    // Ties have their mean rank.
    id: 'spearman',
    of: 'pair',
    csv: 'spearman',
    short: 'Spearman',
    meaning: 'rank correlation of the first two methods',
    unknown: 'one of the masks is empty',
    unit: 'correlation',
    number: 'real',
    range: [-1, 1],
    source: 'rows',
    rounded: true,
    kept: true,
    summary: 'statistics',
    track: {
      plot: 'agreement',
      label: 'Spearman',
      color: '--agreement',
      width: 1.5,
      filled: true,
      scale: 'range-from-zero',
      between: 'middle',
      limits: ({ agreementBelow }) =>
        agreementBelow === null
          ? null
          : { words: 'flag below', begins: agreementBelow, ends: null },
    },
  },
  {
    // Wang et al. 2004, of both brought to a maximum of 1.
    id: 'ssim',
    of: 'pair',
    csv: 'ssim',
    short: 'SSIM',
    meaning: 'their structural similarity',
    unknown: 'as `spearman`, or a mask of less than 11 × 11 cells',
    unit: 'correlation',
    number: 'real',
    range: [-1, 1],
    source: 'rows',
    rounded: true,
    kept: true,
    summary: 'statistics',
    track: {
      plot: 'agreement',
      label: 'SSIM',
      color: '--agreement',
      width: 1.5,
      filled: true,
      scale: 'range-from-zero',
      between: 'middle',
    },
  },
  {
    // More than 5 % where there are ties, zeros never.
    id: 'topOverlap',
    of: 'pair',
    csv: 'topOverlap',
    short: 'top 5 %',
    meaning: 'intersection ÷ union of their strongest 5 % of pixels',
    unknown: 'as `spearman`',
    unit: 'share',
    number: 'real',
    range: [0, 1],
    source: 'rows',
    rounded: true,
    kept: true,
    summary: 'statistics',
    track: {
      plot: 'agreement',
      label: 'top 5 %',
      color: '--agreement',
      width: 1.5,
      filled: true,
      scale: 'range',
      between: 'middle',
    },
  },
  {
    id: 'speed',
    of: 'frame',
    csv: 'speed',
    short: 'speed',
    meaning: 'how fast the car went',
    unknown: 'the log says nothing at that time',
    unit: 'm/s',
    number: 'real',
    range: [null, null],
    source: 'rows',
    needs: 'logged',
    rounded: true,
    kept: true,
    readout: true,
    track: {
      plot: { title: 'Speed', height: 0.85 },
      label: 'speed',
      color: '--speed',
      width: 1.5,
      filled: false,
      scale: 'from-zero',
    },
  },
] as const satisfies readonly Measure[];

type Entry = (typeof MEASURES)[number];

export type MeasureId = Entry['id'];

/** Ids of what every row has. */
export type RowMeasureId<Of extends MeasureOf> = Exclude<
  Extract<Entry, { readonly of: Of; readonly source: 'rows' }>,
  { readonly needs: 'logged' | 'asked' }
>['id'];

/** Ids of what rows have where it was logged. */
export type LoggedMeasureId = Extract<Entry, { readonly needs: 'logged' }>['id'];

/** Ids of what rows have where somebody asked for it. */
export type AskedMeasureId = Extract<Entry, { readonly needs: 'asked' }>['id'];

function roadLimits(
  measure: FlagSettings['measure'],
  settings: FlagSettings,
  factor: number,
): MeasureLimits | null {
  return settings.measure === measure
    ? {
        words: 'flag below',
        begins: settings.enterBelow * factor,
        ends: settings.leaveAbove * factor,
      }
    : null;
}
