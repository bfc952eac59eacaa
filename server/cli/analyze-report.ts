import type { ErrorReport } from '../../shared/errors.ts';
import {
  isSteering,
  numberName,
  numberPlace,
  type ExplainedNumber,
} from '../../shared/explained-number.ts';
import type { ProviderReport } from '../pipeline/stream-explainer.ts';
import { providerLine } from './provider-line.ts';
import { fitted } from './terminal.ts';

/** What of an analysis' summary is told in the terminal. */
export interface ReportedSummary {
  readonly network: { readonly number: ExplainedNumber };
  readonly road: { readonly kind: string };
  readonly recording: { readonly file: string; readonly frames: number };
  readonly complete: boolean;
  /** Why, of an incomplete pass. */
  readonly shortfall?: ErrorReport;
  /** Frames that the recording's index lists, of an incomplete pass. */
  readonly framesExpected?: number;
  readonly onRoad: { readonly minimum: number; readonly mean: number } | null;
  readonly flags: number;
  /** Flags that the causal check confirmed, where it was asked for. */
  readonly confirmed?: number;
  readonly run: {
    readonly provider: ProviderReport;
    readonly seconds: number;
    readonly framesPerSecond: number;
  };
  readonly assumptions: readonly string[];
  /** How the log would go better with the network, a sentence; left out where nothing is proposed. */
  readonly proposal?: string;
  readonly warnings: readonly string[];
}

const MOST_WARNINGS = 3;

export function describeAnalysis(
  {
    recording,
    complete,
    framesExpected,
    network: { number },
    road,
    onRoad,
    flags,
    confirmed,
    run,
    assumptions,
    proposal,
    warnings,
  }: ReportedSummary,
  folder: string,
): string {
  const attention = onRoad
    ? `on road ${percent(onRoad.mean)} on average, ${percent(onRoad.minimum)} at worst`
    : road.kind === 'none'
      ? 'no road region, so no on-road share'
      : 'no on-road share on any frame';
  const meaning = confirmed ? ': without what it looked at the network steers otherwise' : '';
  const checked =
    confirmed === undefined || flags === 0 ? '' : `, ${confirmed} confirmed${meaning}`;
  const lines = [
    `${recording.file}: ${recording.frames} frames in ${run.seconds.toFixed(1)} s (${run.framesPerSecond.toFixed(0)} frames/s)`,
    ...(complete
      ? []
      : [
          `  incomplete: ${recording.frames} of ${framesExpected ?? recording.frames} frames; numbers and flags are of this part only`,
        ]),
    `  ${providerLine(run.provider)}`,
    `  ${attention}; ${flags} ${flags === 1 ? 'flag' : 'flags'}${checked}`,
    ...(number.meaning === 'steering' && number.elements === 1
      ? []
      : [
          `  explained: ${isSteering(number) ? `steering, ${numberPlace(number)}` : numberName(number)}`,
        ]),
    ...assumptions.map((sentence) => `  note: ${sentence}`),
    ...(proposal === undefined ? [] : [`  proposal: ${proposal}`]),
    ...warnings.slice(0, MOST_WARNINGS).map((warning) => `  warning: ${warning}`),
    ...(warnings.length > MOST_WARNINGS
      ? [`  … and ${warnings.length - MOST_WARNINGS} more warnings in summary.json`]
      : []),
    `  results in ${folder}`,
  ];
  return `${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
