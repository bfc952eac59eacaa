import { Worker } from 'node:worker_threads';
import { describeExplanation } from '../../shared/explanations.ts';
import type { CausalCheck, Fill, Flag, FlagKind } from '../../shared/flags.ts';
import { cropInFrame, type Rectangle } from '../../shared/geometry.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import type { PictureSource } from '../drive/source.ts';
import { placedInFrame } from '../attention/off-road-region.ts';
import { SAME_TIME } from '../video/timestamps.ts';
import type { CoveredPictures, CoverRequest } from './causal-check-covers.ts';
import type { StreamExplainer } from './stream-explainer.ts';
import type { Past } from '../video/past-frames.ts';
import { moments } from './moments.ts';

export interface CausalCheckRequest {
  readonly drive: PictureSource;
  readonly explainer: StreamExplainer;
  readonly flags: readonly Flag[];
  /** Standard deviation of the network's steering over the recording, in its unit. */
  readonly steeringDeviation: number;
  readonly fill?: Fill;
  /**
   * Frames of each flag to try: the one to look at first, and others spread over the flag. Left
   * out: two for each second, 5 to 40.
   */
  readonly frames?: number;
  readonly signal?: AbortSignal;
  /** Frames done, of all flags, and frames in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

const FRAMES_PER_SECOND = 2;
const [FEWEST_FRAMES, MOST_FRAMES] = [5, 40];
/**
 * A long flag holds stretches in which what was looked at moves nothing, such as boards that pull
 * against each other: this part of its frames is enough.
 */
const CONFIRMED_PART = 0.25;
/** Flags of what is looked at off the road. */
const OFF_ROAD: readonly FlagKind[] = ['off-road', 'pull'];
const NONE: ReadonlySet<number> = new Set();

/** A change is one where it is larger than this … */
const LEAST_DEGREES = 1;
/** … and than this part of how much the network steers at all on the recording. */
const LEAST_SHARE = 0.2;

/**
 * From which change of steering up a frame counts as steered by what was replaced, in the output's
 * unit: 1° at the wheel where that is known, and 20 % of the steering's standard deviation.
 */
export function confirmationThreshold(unit: string | null, steeringDeviation: number): number {
  const degrees = degreesPerUnit({ unit });
  return Math.max(degrees === null ? 0 : LEAST_DEGREES / degrees, LEAST_SHARE * steeringDeviation);
}

/** Standard deviation of the numbers that are finite; 0 without any. */
export function steeringDeviation(steering: Iterable<number>): number {
  const known = Float64Array.from(steering).filter(Number.isFinite);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return Math.sqrt(
    known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, known.length),
  );
}

/**
 * Asks for each flag: would the network have steered otherwise without what it looked at? On some
 * of its frames what the first method marks is replaced in the network's picture, and the same graph
 * runs again: of a flag off the road the things that it lies on densely, and where there are none,
 * and of other flags, the strongest region. One result per flag; null where nothing was looked at, as for a dead network. Frames are decoded
 * again, one flag after the other; pictures are replaced in a thread of their own. Throws VIDEO_*,
 * FFMPEG_*, INFERENCE_FAILED, or the signal's reason.
 */
export async function verifyFlags(request: CausalCheckRequest): Promise<(CausalCheck | null)[]> {
  const { flags, signal, onProgress } = request;
  const wanted = flags.map((flag) =>
    flag.kind === 'dead' ? NONE : framesToTry(flag, request.frames ?? framesFor(flag)),
  );
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const checks: (CausalCheck | null)[] = [];
  for (const [index, flag] of flags.entries()) {
    signal?.throwIfAborted();
    checks.push(
      wanted[index]!.size === 0
        ? null
        : await verify(flag, wanted[index]!, request, () => onProgress?.(++done, total)),
    );
  }
  return checks;
}

/** One frame of a flag, as it was. */
interface TriedFrame {
  readonly isWorst: boolean;
  readonly pts: number;
  readonly images: readonly Uint8Array[];
  readonly past: Past;
  readonly steering: number;
  readonly cover: CoverRequest;
}

interface FrameChange {
  readonly isWorst: boolean;
  readonly rectangle: Rectangle;
  readonly change: number;
  /** Sizes of the changes by covers elsewhere. */
  readonly controls: readonly number[];
}

async function verify(
  flag: Flag,
  wanted: ReadonlySet<number>,
  request: CausalCheckRequest,
  onFrame: () => void,
): Promise<CausalCheck | null> {
  const { explainer, drive, fill = 'inpaint', steeringDeviation } = request;
  const tried = await framesOf(flag, wanted, request);
  const covered = await coverOffThread(
    tried.map(({ cover }) => cover),
    request.signal,
  );
  const found = await Promise.all(
    tried.map(async (frame, index) => {
      const change = await changeOf(frame, covered[index]!, explainer);
      onFrame();
      return change;
    }),
  );
  const changes = found.filter((each) => each !== null);
  const first = changes.find(({ isWorst }) => isWorst) ?? changes[0];
  if (!first) return null;
  const { crop, mask, output } = explainer.network;
  const threshold = confirmationThreshold(output.unit, steeringDeviation);
  const moved = changes.map((each) => each.change).filter((each) => Math.abs(each) > threshold);
  const isConfirmed = moved.length >= CONFIRMED_PART * changes.length;
  const change = median(isConfirmed ? moved : changes.map((each) => each.change))!;
  const degrees = degreesPerUnit(output);
  return {
    fill,
    change,
    threshold,
    region: placedInFrame(first.rectangle, mask, cropInFrame(crop, drive.video)),
    changeDegrees: degrees === null ? null : change * degrees,
    control: median(changes.flatMap(({ controls }) => controls)),
    isConfirmed,
    frames: changes.length,
    movedFrames: moved.length,
  };
}

/**
 * Decodes and explains the frames to try; those of an off-road flag where the road is not known are
 * left out.
 */
async function framesOf(
  flag: Flag,
  wanted: ReadonlySet<number>,
  { drive, explainer, fill = 'inpaint', signal }: CausalCheckRequest,
): Promise<TriedFrame[]> {
  const { methods, mask: size } = explainer.network;
  const signed = describeExplanation(methods[0]!)?.signed ?? false;
  const stream = moments(drive, explainer, {
    images: explainer.images,
    from: flag.startPts,
    ...(signal ? { signal } : {}),
  });
  const tried: Promise<TriedFrame | null>[] = [];
  let number = flag.startFrame;
  for await (const { pts, images, past } of stream) {
    if (pts > flag.endPts + SAME_TIME) break;
    if (!wanted.has(number++)) continue;
    const isWorst = Math.abs(pts - flag.worstPts) <= SAME_TIME;
    const row = explainer
      .explain(
        images.map((image) => image.slice()),
        pts,
        { past },
      )
      .then(({ steering, masks, road }): TriedFrame | null => {
        const isOffRoad = OFF_ROAD.includes(flag.kind);
        if (isOffRoad && !road) return null;
        const cover = {
          mask: masks[0]!,
          signed,
          road: isOffRoad ? road : null,
          ...size,
          // In all frames that the network sees at once: what it looked at hardly moves between them.
          bytes: joined([images[0]!, ...past.older.map((frame) => frame.images[0]!)]),
          pixelFormat: explainer.images[0]!.pixelFormat as CoverRequest['pixelFormat'],
          fill,
        };
        return { isWorst, pts, images, past, steering, cover };
      });
    // Its failure is met below; until then it must not count as unhandled.
    row.catch(() => {});
    tried.push(row);
  }
  return (await Promise.all(tried)).filter((frame) => frame !== null);
}

function framesFor({ startPts, endPts }: Flag): number {
  return Math.min(
    MOST_FRAMES,
    Math.max(FEWEST_FRAMES, Math.ceil(FRAMES_PER_SECOND * (endPts - startPts))),
  );
}

/**
 * Numbers of so many frames, spread over the flag, the one to look at first among them; all of them
 * where it has no more.
 */
function framesToTry(
  { startFrame, endFrame, worstFrame }: Flag,
  count: number,
): ReadonlySet<number> {
  const length = endFrame - startFrame + 1;
  if (length <= count) return new Set(Array.from({ length }, (_, index) => startFrame + index));
  const spread = Array.from(
    { length: count },
    (_, index) => startFrame + Math.floor(((index + 0.5) * length) / count),
  );
  const [nearest] = [...spread].sort((a, b) => Math.abs(a - worstFrame) - Math.abs(b - worstFrame));
  return new Set([worstFrame, ...spread.filter((frame) => frame !== nearest)]);
}

/** null where nothing was looked at, or where the network gives no number. */
async function changeOf(
  { isWorst, pts, images, past, steering }: TriedFrame,
  covered: CoveredPictures | null,
  explainer: StreamExplainer,
): Promise<FrameChange | null> {
  if (!covered) return null;
  const rest = images.slice(1);
  const changeBy = async (pictures: Uint8Array): Promise<number> => {
    const [newest, ...older] = parted(pictures, images[0]!.length);
    const explanation = await explainer.explain(
      [newest!, ...rest.map((image) => image.slice())],
      pts,
      {
        numbersOnly: true,
        past: {
          ...past,
          older: past.older.map((frame, back) => ({
            ...frame,
            images: [older[back]!, ...frame.images.slice(1)],
          })),
        },
      },
    );
    return explanation.steering - steering;
  };
  const [change, ...controls] = await Promise.all(
    [covered.without, ...covered.controls].map(changeBy),
  );
  if (!Number.isFinite(change)) return null;
  return {
    isWorst,
    rectangle: covered.rectangle,
    change: change!,
    controls: controls.map(Math.abs).filter(Number.isFinite),
  };
}

function joined(pictures: readonly Uint8Array[]): Uint8Array {
  return pictures.length === 1 ? pictures[0]! : Buffer.concat(pictures);
}

/** Fresh buffers of so many bytes each. */
function parted(pictures: Uint8Array, bytes: number): Uint8Array[] {
  return Array.from({ length: pictures.length / bytes }, (_, index) =>
    pictures.slice(index * bytes, (index + 1) * bytes),
  );
}

/** Of the values the one of middle size, with its sign; of two in the middle the smaller. */
function median(values: readonly number[]): number | null {
  const bySize = [...values].sort((a, b) => Math.abs(a) - Math.abs(b));
  return bySize[Math.floor((bySize.length - 1) / 2)] ?? null;
}

function coverOffThread(
  requests: readonly CoverRequest[],
  signal: AbortSignal | undefined,
): Promise<(CoveredPictures | null)[]> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./causal-check-thread.js', import.meta.url), {
    workerData: requests,
  });
  const stop = (): void => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  return new Promise<(CoveredPictures | null)[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () =>
      reject(
        signal?.aborted
          ? signal.reason
          : new Error('the thread that covers pictures ended without a result'),
      ),
    );
  }).finally(() => signal?.removeEventListener('abort', stop));
}
