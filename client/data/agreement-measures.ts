import { percentText } from './format.ts';

/** How much two methods agree on a frame, as it is shown; higher is more. */
export const AGREEMENT_MEASURES = {
  spearman: { name: 'Spearman', unit: '', text: numberText },
  ssim: { name: 'SSIM', unit: '', text: numberText },
  topOverlap: { name: 'top 5 %', unit: '%', text: percentText },
} as const;

export type AgreementMeasure = keyof typeof AGREEMENT_MEASURES;

function numberText(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(2).replace('-', '−');
}
