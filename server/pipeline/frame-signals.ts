import { firstAtOrAfter } from '../../shared/ascending.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { sampleAt, type DriveLog } from '../drive/log/drive-log.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { isConstant, type SignalFeed } from '../inference/sidecar-form.ts';
import type { SignalInput } from '../inference/signal-inputs.ts';
import type { State, StateInput } from '../inference/state-inputs.ts';
import type { ChainFeed } from '../inference/session-chain.ts';

import { bytesOfState, stateBytes, stateFeeds } from './frame-states.ts';

/** What a person sets by hand, by names of inputs: as the sidecar's signal has it. */
export type GivenInputs = Readonly<Record<string, readonly number[]>>;

/** By names of inputs; null where nothing was logged, and `otherwise` stands in. */
export type LoggedInputs = Readonly<Record<string, readonly (number | null)[]>>;

/**
 * What a feed's vehicle tells at a feed time, by its name in the lines: in lower case: `speed` in m/s, `steering` in
 * the unit of the network's output, all else as it is. null where it does not.
 */
export type LiveSignals = (time: number, name: string) => number | null;

/** What goes to the network's further inputs with each frame. */
export interface FrameSignals {
  /** `first` is the number of the first of them among the inputs of a call. */
  feeds(first: number): readonly ChainFeed[];
  readonly inputBytes: readonly number[];
  /**
   * One buffer for each input, float32, of the frame at `pts` (s). `set`: by hand, as many numbers
   * as each takes.
   */
  at(pts: number, set?: GivenInputs): readonly Uint8Array[];
  /** What was logged, before the sidecar's scale. */
  logged(pts: number): LoggedInputs;
  /** Where each number comes from, a sentence for each input. */
  readonly assumptions: readonly string[];
}

/** Of one frame, for methods that run the network often on it. Its picture is input 0. */
export interface InputsOfFrame {
  /** `beside`: names of the inputs of the graph for the pictures beside. */
  feeds(beside: readonly string[]): readonly ChainFeed[];
  readonly inputBytes: readonly number[];
  /** Fresh buffers, because their memory moves to a worker. */
  values(): readonly Uint8Array[];
}

export interface FrameParts {
  readonly signals: FrameSignals;
  /** s; null: no frame of a drive. */
  readonly pts: number | null;
  readonly states: readonly StateInput[];
  /** In front of the frame. */
  readonly state: State;
  /** Pictures beside the one that is explained, with a batch of one. */
  readonly beside: readonly BesidePicture[];
}

export interface BesidePicture {
  readonly values: Float32Array;
  readonly dims: readonly number[];
}

export function inputsOfFrame({ signals, pts, states, state, beside }: FrameParts): InputsOfFrame {
  const first = 1 + beside.length;
  return {
    feeds: (names) => [
      ...beside.map(({ dims }, index): ChainFeed => ({
        name: names[index]!,
        from: 'call',
        input: 1 + index,
        dims: dims.slice(1),
        type: 'float32',
      })),
      ...signals.feeds(first),
      ...stateFeeds(states, first + signals.inputBytes.length),
    ],
    inputBytes: [
      ...beside.map(({ values }) => values.byteLength),
      ...signals.inputBytes,
      ...stateBytes(states),
    ],
    values: () => [
      ...beside.map(({ values }) => new Uint8Array(values.slice().buffer)),
      ...signals.at(pts ?? NaN),
      ...bytesOfState(state),
    ],
  };
}

/** A logged value that was not logged anew for so long (s) is not known. */
const OLDEST_WHOLE = 0.5;

/**
 * Signals of a drive for a network, or of a feed. `log`: null where there is none. Throws USAGE where `given`
 * names another input, or has other numbers than it takes.
 */
export function frameSignals(
  { source, signals, sidecar }: Pick<NetworkInfo, 'source' | 'signals' | 'sidecar'>,
  log: DriveLog | LiveSignals | null,
  given: GivenInputs = {},
): FrameSignals {
  for (const name of Object.keys(given)) {
    if (signals.some((signal) => signal.name === name)) continue;
    const feed = Object.hasOwn(sidecar.feeds ?? {}, name) ? sidecar.feeds![name] : undefined;
    const held = feed !== undefined && isConstant(feed);
    throw new RoadgazeError(
      'USAGE',
      held
        ? `The sidecar of ${source} holds "${name}" constant.`
        : `${source} has no input "${name}" that a signal feeds.`,
      held ? 'Make it a signal in the sidecar to set it by hand.' : inputsInWords(signals),
    );
  }
  const sources = signals.map((signal) => sourceOf(signal, log, given[signal.name], sidecar));
  return {
    feeds: (first) =>
      signals.map(({ fed, elements }, index) => ({
        name: fed,
        from: 'call',
        input: first + index,
        dims: [elements],
        type: 'float32',
      })),
    inputBytes: signals.map(({ elements }) => 4 * elements),
    at: (pts, set = {}) =>
      sources.map(({ at }, index) => {
        const by = set[signals[index]!.name];
        const values = by ? asInput(by, signals[index]!) : at(pts);
        return new Uint8Array(values.buffer as ArrayBuffer);
      }),
    logged: (pts) =>
      Object.fromEntries(
        sources.map(({ logged }, index) => [
          signals[index]!.name,
          logged(pts).map((value) => (Number.isFinite(value) ? value : null)),
        ]),
      ),
    assumptions: sources.map(({ told }) => told),
  };
}

function inputsInWords(signals: readonly SignalInput[]): string {
  return signals.length === 0
    ? 'Its sidecar feeds no input with a signal; leave --input out.'
    : `Choose of: ${signals.map(({ name }) => name).join(', ')}.`;
}

interface Source {
  at(pts: number): Float32Array;
  /** Before the sidecar's scale; NaN where nothing was logged. */
  logged(pts: number): readonly number[];
  readonly told: string;
}

function sourceOf(
  signal: SignalInput,
  log: DriveLog | LiveSignals | null,
  given: readonly number[] | undefined,
  sidecar: NetworkInfo['sidecar'],
): Source {
  const { name, feed } = signal;
  const wanted = [feed.signal].flat();
  if (given) {
    if (given.length !== wanted.length)
      throw new RoadgazeError(
        'USAGE',
        `"${name}" takes ${wanted.length === 1 ? 'one number' : `${wanted.length} numbers`}; --input gives ${given.length}.`,
        'Give as many, with commas between.',
      );
    const values = asInput(given, signal);
    return {
      at: () => values.slice(),
      logged: () => given,
      told: `"${name}" is ${given.join(', ')}, as asked for.`,
    };
  }
  if (typeof log === 'function') return sourceOfFeed(signal, wanted, log, sidecar.output?.unit);
  const columns = wanted.map((column) => columnOf(log, column, feed.unit));
  const missing = wanted.filter((_, index) => !columns[index]);
  const fallback = `${feed.otherwise}`;
  const listed = (names: readonly string[]) => names.map((each) => `"${each}"`).join(', ');
  const logged = (pts: number) =>
    columns.map((column) => (column ? valueAt(column, pts, signal.isWhole) : NaN));
  return {
    at: (pts) => asInput(orOtherwise(logged(pts), feed), signal),
    logged,
    told:
      missing.length > 0
        ? `${log ? 'The log of the drive has' : 'The drive has'} no ${listed(missing)}: ${missing.length === wanted.length ? `"${name}"` : 'that part of it'} is ${fallback} in every frame, as the sidecar says.`
        : `"${name}" is ${listed(wanted)} of the log, and ${fallback} where the log says nothing.`,
  };
}

/** Of a feed: what its vehicle tells, and `otherwise` where it does not. */
function sourceOfFeed(
  signal: SignalInput,
  wanted: readonly string[],
  told: LiveSignals,
  outputUnit: string | undefined,
): Source {
  const { name, feed } = signal;
  const known = wanted.map((each) => each.trim().toLowerCase());
  const valueOf = (pts: number, at: number) => {
    if (known[at] === 'speed') return (told(pts, 'speed') ?? NaN) * speedFactor(feed.unit);
    if (known[at] !== 'steering') return told(pts, known[at]!) ?? NaN;
    // In another unit than it comes in it is not known.
    return feed.unit === undefined || feed.unit === outputUnit
      ? (told(pts, 'steering') ?? NaN)
      : NaN;
  };
  const logged = (pts: number) => known.map((_, at) => valueOf(pts, at));
  const listed = wanted.map((each) => `"${each}"`).join(', ');
  return {
    at: (pts) => asInput(orOtherwise(logged(pts), feed), signal),
    logged,
    told: `"${name}" takes ${listed} of the feed's signals, and ${feed.otherwise} where they tell none.`,
  };
}

/** A place that is not known is left to `asInput`. */
function orOtherwise(
  logged: readonly number[],
  { oneHot, otherwise }: SignalFeed,
): readonly number[] {
  return logged.map((value) =>
    Number.isFinite(value) || oneHot !== undefined ? value : otherwise,
  );
}

/** What the input takes: a share of each, or a 1 at its place. An unknown place is `otherwise`. */
function asInput(
  values: readonly number[],
  { feed, elements, isWhole }: SignalInput,
): Float32Array {
  const { oneHot, otherwise, scale = 1, offset = 0 } = feed;
  if (oneHot === undefined)
    return Float32Array.from(values, (value) => {
      const scaled = value * scale + offset;
      return isWhole ? Math.round(scaled) : scaled;
    });
  const place = Math.round(values[0]! * scale + offset);
  const all = new Float32Array(elements);
  all[place >= 0 && place < oneHot ? place : otherwise] = 1;
  return all;
}

interface Column {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly factor: number;
}

const METRES_PER_SECOND = { 'm/s': 1, 'km/h': 1 / 3.6, mph: 0.44704 } as const;
const DEGREES = 180 / Math.PI;

function speedFactor(unit: SignalFeed['unit']): number {
  return 1 / (METRES_PER_SECOND[unit as keyof typeof METRES_PER_SECOND] ?? 1);
}

/** A column by its name in Roadgaze, or by its own. */
function columnOf(log: DriveLog | null, name: string, unit: SignalFeed['unit']): Column | null {
  if (!log) return null;
  const wish = name.trim().toLowerCase();
  if (wish === 'speed' && log.speed)
    return {
      times: log.speedTimes ?? log.times,
      values: log.speed,
      factor: speedFactor(unit),
    };
  if (wish === 'steering' && unit === 'normalized')
    return log.normalized ? { times: log.times, values: log.normalized, factor: 1 } : null;
  if (wish === 'steering' && log.steering)
    return { times: log.times, values: log.steering, factor: unit === 'deg' ? DEGREES : 1 };
  const found = log.extra.find((column) => column.name.trim().toLowerCase() === wish);
  return found ? { times: found.times ?? log.times, values: found.values, factor: 1 } : null;
}

function valueAt({ times, values, factor }: Column, pts: number, isWhole: boolean): number {
  if (!isWhole) return sampleAt(times, values, pts) * factor;
  const next = firstAtOrAfter(times, pts);
  const index = times[next] === pts ? next : next - 1;
  return index >= 0 && pts - times[index]! <= OLDEST_WHOLE ? values[index]! * factor : NaN;
}
