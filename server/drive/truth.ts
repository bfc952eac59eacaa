import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { firstAtOrAfter } from '../../shared/ascending.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import { issueInWords } from '../../shared/schema-issue.ts';
import { NumberColumn } from './log/number-column.ts';
import { splitLines } from './log/split-lines.ts';

/** What a rendered drive knows of itself: where the road is in every frame. */
export interface GroundTruth {
  /** Size of the frames that the masks belong to. */
  readonly frame: Size;
  readonly mask: Size;
  /** Presentation times of the frames described, seconds, strictly ascending. */
  readonly times: Float64Array;
  /**
   * Road of the frame nearest to `pts`, uint8 0 or 1, row-major, mask.height × mask.width, in
   * memory of the caller's own. null where no frame described lies within half a frame's time.
   */
  roadMaskAt(pts: number): Uint8Array | null;
}

/** Characters. A frame of the demo drives takes up to 54 000. */
const LONGEST_LINE = 1_000_000;
/** Of text: an hour at 25 frames a second takes half of it. */
const MOST_BYTES = 1_000_000_000;
/**
 * Text beyond FREE_BYTES must not be so many times larger than what it is unpacked from. Drives
 * reach 10, one road that stays the same some hundreds.
 */
const MOST_EXPANSION = 100;
const FREE_BYTES = 64_000_000;
const MOST_MASK_PIXELS = 4_194_304;

const sideLength = z.int().positive().max(16_384);
const size = z.tuple([sideLength, sideLength]);
const headerLine = z.object({
  roadgazeTruth: z.literal(1),
  size,
  maskSize: size.refine(
    ([width, height]) => width * height <= MOST_MASK_PIXELS,
    'the mask is too large',
  ),
});
const frameLine = z.object({ pts: z.number(), road: z.array(z.int().nonnegative()) });

/**
 * Reads `<name>.truth.jsonl.gz`: a header line, then a line per frame with its `pts` and `road`,
 * run lengths that start with the number of zeros. Kept as runs. Throws ROAD_INVALID with the line,
 * INPUT_NOT_FOUND.
 */
export async function readGroundTruth(path: string): Promise<GroundTruth> {
  const file = basename(path);
  let header: z.infer<typeof headerLine> | null = null;
  const times = new NumberColumn();
  const roads: Uint32Array[] = [];

  const acceptLine = (line: string, number: number): void => {
    const where = `${file}, line ${number}`;
    if (!header) {
      header = check(headerLine, line, where);
      return;
    }
    const { pts, road } = check(frameLine, line, where);
    const previous = times.last();
    if (previous !== undefined && pts <= previous)
      throw invalid(`${where}: pts ${pts} does not come after ${previous}.`);
    const [width, height] = header.maskSize;
    const covered = road.reduce((sum, run) => sum + run, 0);
    if (covered !== width * height)
      throw invalid(
        `${where}: the runs of "road" cover ${covered} pixels, but the mask has ${width} × ${height} = ${width * height}.`,
      );
    times.push(pts);
    roads.push(Uint32Array.from(road));
  };

  const compressed = createReadStream(path);
  const unpacking = compressed.pipe(createGunzip());
  compressed.on('error', (error) => unpacking.destroy(error));
  try {
    await splitLines(
      bounded(unpacking, compressed),
      { longestLine: LONGEST_LINE, mostBytes: MOST_BYTES },
      acceptLine,
    );
  } catch (error) {
    throw explain(error, path);
  } finally {
    compressed.destroy();
    unpacking.destroy();
  }
  // TypeScript does not see that acceptLine assigns it.
  const found = header as z.infer<typeof headerLine> | null;
  if (!found || times.length === 0) throw invalid(`${file} describes no frame.`);
  const [frameWidth, frameHeight] = found.size;
  const [width, height] = found.maskSize;
  return new RunLengthTruth(
    { width: frameWidth, height: frameHeight },
    { width, height },
    times.values(),
    roads,
  );
}

/**
 * What is unpacked, as long as it is in proportion: a few kilobytes can be made to unpack to
 * gigabytes.
 */
async function* bounded(
  unpacking: AsyncIterable<Buffer>,
  compressed: { readonly bytesRead: number },
): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const chunk of unpacking) {
    total += chunk.length;
    if (total > FREE_BYTES && total > MOST_EXPANSION * compressed.bytesRead) {
      throw new RangeError(`it unpacks to more than ${MOST_EXPANSION} times its size`);
    }
    yield chunk;
  }
}

class RunLengthTruth implements GroundTruth {
  readonly frame: Size;
  readonly mask: Size;
  readonly times: Float64Array;
  readonly #roads: readonly Uint32Array[];

  constructor(frame: Size, mask: Size, times: Float64Array, roads: readonly Uint32Array[]) {
    this.frame = frame;
    this.mask = mask;
    this.times = times;
    this.#roads = roads;
  }

  roadMaskAt(pts: number): Uint8Array | null {
    const index = this.#nearest(pts);
    if (index === null) return null;
    const pixels = new Uint8Array(this.mask.width * this.mask.height);
    let end = 0;
    let value = 0;
    for (const run of this.#roads[index]!) {
      const start = end;
      end += run;
      if (value) pixels.fill(1, start, end);
      value = 1 - value;
    }
    return pixels;
  }

  #nearest(pts: number): number | null {
    const after = firstAtOrAfter(this.times, pts);
    const distanceTo = (index: number): number => Math.abs((this.times[index] ?? Infinity) - pts);
    const index = distanceTo(after) < distanceTo(after - 1) ? after : after - 1;
    const halfFrame = Math.min(this.#step(index), this.#step(index + 1)) / 2;
    return distanceTo(index) <= (halfFrame === Infinity ? 0.02 : halfFrame) ? index : null;
  }

  /** Time from the frame before `index` to it; Infinity at both ends. */
  #step(index: number): number {
    return (this.times[index] ?? Infinity) - (this.times[index - 1] ?? -Infinity);
  }
}

function check<T>(schema: z.ZodType<T>, line: string, where: string): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw invalid(`${where} is not JSON.`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(`${where} ${issueInWords(result.error.issues[0]!)}.`);
}

function explain(error: unknown, path: string): unknown {
  if (error instanceof RoadgazeError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'EACCES') {
    return new RoadgazeError(
      'INPUT_NOT_FOUND',
      `The ground truth ${path} is not there or may not be read.`,
      'Check the spelling of the path.',
      { cause: error },
    );
  }
  if (code?.startsWith('Z_')) return invalid(`${basename(path)} is not complete gzip data.`);
  if (error instanceof RangeError) return invalid(`${basename(path)}: ${error.message}.`);
  return error;
}

function invalid(message: string): RoadgazeError {
  return new RoadgazeError(
    'ROAD_INVALID',
    message,
    'Write the ground truth again, or choose another road region.',
  );
}
