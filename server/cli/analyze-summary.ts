import { basename } from 'node:path';
import { isSteering, numberName } from '../../shared/explained-number.ts';
import type { CausalCheck, Flag } from '../../shared/flags.ts';
import type { MeasureOf } from '../../shared/measures/measure.ts';
import { isNoticed, proposalInWords } from '../analysis/log-fit.ts';
import type { RecordingAnalysis } from '../analysis/recording-analysis.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import { statisticsOf } from '../results/frame-numbers.ts';
import type { MeasureColumns } from '../results/measure-columns.ts';
import type { ReportedSummary } from './analyze-report.ts';

const GUESSED =
  'Nothing says where the road is: a trapezoid is taken for it, and shares and flags are as rough as that. Give --road.';

export interface SummaryRequest {
  /** Whose rows are all there. */
  readonly analysis: RecordingAnalysis;
  readonly road: RoadSpecification;
  /** Frames that the index listed. */
  readonly expected: number;
  readonly flags: readonly Flag[];
  /** Of the flags; null where they were not asked for. */
  readonly checks: readonly (CausalCheck | null)[] | null;
  /** How long the pass took. */
  readonly seconds: number;
}

/** What summary.json says; of that, what is told in the terminal has names. */
export function summaryOf({
  analysis,
  road,
  expected,
  flags,
  checks,
  seconds,
}: SummaryRequest): ReportedSummary {
  const { drive, video, explainer, columns, shortfall } = analysis;
  const { network, provider } = explainer;
  const frames = columns.length;
  const methods = network.methods.map((id, method) => ({
    id,
    ...summarised(columns, 'method', method),
  }));
  const steering = columns.of('steering');
  const driven = columns.of('driven');
  const fit = shortfall ? null : analysis.logFit;
  const summary = {
    roadgaze: 1,
    recording: {
      file: basename(drive.path),
      width: video.width,
      height: video.height,
      codec: video.codec,
      durationSeconds: video.duration,
      frames,
    },
    complete: shortfall === null,
    ...(shortfall ? { shortfall, framesExpected: expected } : {}),
    network: {
      name: network.name,
      sha256: network.digest,
      ...network.output,
      number: { ...network.output.number, name: numberName(network.output.number) },
    },
    road:
      road.kind === 'model'
        ? { kind: road.kind, file: basename(road.path) }
        : road.kind === 'truth'
          ? { kind: road.kind }
          : road,
    ...(isSteering(network.output.number)
      ? {
          steering: statisticsOf(steering),
          steeringError: statisticsOf(
            steering.map((value, frame) => Math.abs(value - driven[frame]!)),
          ),
        }
      : { answer: statisticsOf(steering) }),
    ...(fit ? { logFit: fit } : {}),
    onRoad: statisticsOf(columns.of('onRoad')),
    methods,
    ...(methods.length > 1 ? { agreement: summarised(columns, 'pair') } : {}),
    flags: flags.length,
    ...(checks ? { confirmed: checks.filter((check) => check?.isConfirmed).length } : {}),
    run: {
      provider,
      seconds: Number(seconds.toFixed(3)),
      framesPerSecond: Number((frames / seconds).toFixed(1)),
    },
    assumptions: [
      ...analysis.index.notes,
      ...explainer.assumptions,
      ...withoutNumber(steering),
      ...analysis.assumptions,
      ...(road.kind === 'guess' ? [GUESSED] : []),
    ],
    warnings: analysis.warnings,
    ...(fit?.proposal && isNoticed(fit.proposal, analysis.said)
      ? { proposal: proposalInWords(fit.proposal, analysis.said) }
      : {}),
  };
  return summary;
}

type Summarised = Readonly<Record<string, number | ReturnType<typeof statisticsOf>>>;

/** What the measures of a method, or of the first two, come to over all frames. */
function summarised(columns: MeasureColumns, kind: MeasureOf, method = 0): Summarised {
  return Object.fromEntries(
    columns.measures
      .filter(({ of, summary }) => of === kind && summary !== undefined)
      .map(({ id, summary }) => {
        const found = statisticsOf(columns.of(id, method));
        return [id, summary === 'mean' ? (found?.mean ?? null) : found];
      }),
  );
}

/** Of frames for which the network gives no number. */
function withoutNumber(steering: Float64Array): string[] {
  const count = steering.filter((value) => !Number.isFinite(value)).length;
  if (count === 0) return [];
  if (count === steering.length)
    return [
      'The network gives no number on any frame, so nothing is found in this recording: look for NaN in its weights, and check that the sidecar scales the picture as in training.',
    ];
  return [
    `The network gives no number on ${count} of ${steering.length} frames: their rows have none, and nothing is flagged there.`,
  ];
}
