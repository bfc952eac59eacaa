import type { Packet } from './packet-list.ts';

/**
 * A stretch of a file in which its clock runs on. Joined MPEG-TS files, and senders that start
 * again, set the clock back under way; presentation time goes on rising all the same: it is the
 * file's time + `shift`. Seconds.
 */
export interface ClockPart {
  /** Number of its first packet, from 0. */
  readonly begin: number;
  /** Of its earliest and latest frame, as the file has them. */
  readonly first: number;
  readonly last: number;
  readonly shift: number;
  /**
   * In the order of the file: its time as the file has it, and where it begins in the file, bytes.
   */
  readonly keyframes: readonly { readonly time: number; readonly position: number }[];
}

/**
 * A clock that jumps ahead by more has started anew; a shorter jump is a gap, in which nothing was
 * recorded. Seconds.
 */
export const LONGEST_GAP = 600;
/** After so much, timestamps of MPEG start again: 33 bits of 90 kHz. Seconds. */
const WRAP = 2 ** 33 / 90_000;
/** Timestamps that are written with six decimals. */
const ROUNDING = 2e-6;

/**
 * Where the clock of a file starts again, is set back, or jumps ahead: one part more than such
 * places. Each part begins one distance between pictures after the one before. `interval`: that
 * distance where the part before has one picture only.
 */
export function clockParts(packets: readonly Packet[], interval: number): ClockPart[] {
  const begins: number[] = [];
  let before = NaN;
  for (const [number, { pts, dts }] of packets.entries()) {
    const time = Number.isNaN(dts) ? pts : dts;
    if (Number.isNaN(time)) continue;
    if (begins.length === 0 || time < before || time - before > LONGEST_GAP)
      begins.push(begins.length === 0 ? 0 : number);
    before = time;
  }
  const parts: ClockPart[] = [];
  let end = NaN;
  for (const [part, begin] of begins.entries()) {
    const stretch = packets.slice(begin, begins[part + 1]);
    const times = Float64Array.from(
      stretch.flatMap(({ pts, dts }) => {
        const time = Number.isNaN(pts) ? dts : pts;
        return Number.isNaN(time) ? [] : [time];
      }),
    ).sort();
    const first = times[0]!;
    const last = times.at(-1)!;
    const shift = parts.length === 0 ? 0 : end - first;
    parts.push({
      begin,
      first,
      last,
      shift,
      keyframes: stretch.flatMap(({ isKey, pts, position }) =>
        isKey && position >= 0 && !Number.isNaN(pts) ? [{ time: pts, position }] : [],
      ),
    });
    end = last + shift + distance(times, interval);
  }
  return parts;
}

/** Median distance of pictures that follow each other. */
function distance(times: Float64Array, fallback: number): number {
  const steps = times
    .slice(1)
    .map((time, i) => time - times[i]!)
    .filter((step) => step > 0)
    .sort();
  return steps[steps.length >> 1] ?? fallback;
}

/** Presentation times of decoded frames, which come in their order, from a part of the file on. */
export class PartTimes {
  readonly #parts: readonly ClockPart[];
  #part: number;
  #before = -Infinity;

  constructor(parts: readonly ClockPart[], startPart: number) {
    this.#parts = parts;
    this.#part = startPart;
  }

  /** Of the next frame, which has this time in the file. */
  next(time: number): number {
    if (!this.#fits(this.#part, time, this.#before)) {
      const later = this.#parts.findIndex(
        (_, part) => part > this.#part && this.#fits(part, time, -Infinity),
      );
      if (later >= 0) this.#part = later;
    }
    const part = this.#parts[this.#part]!;
    this.#before = unwrapped(part, time);
    return this.#before + part.shift;
  }

  #fits(index: number, time: number, before: number): boolean {
    const part = this.#parts[index]!;
    const inPart = unwrapped(part, time);
    return inPart > before && inPart >= part.first - ROUNDING && inPart <= part.last + ROUNDING;
  }
}

/** A decoder that starts in the middle of a file counts wraps from there. */
function unwrapped({ first, last }: ClockPart, time: number): number {
  return time - Math.round((time - (first + last) / 2) / WRAP) * WRAP;
}

/**
 * Where to begin reading, so that the frame at `from` (presentation time) is decoded: places to try
 * one after the other, until the first decoded frame is not later. null: the beginning of the file.
 * The first keyframe behind such a place may be lost, because the stream's tables come behind it.
 */
export function partSeekPlan(
  parts: readonly ClockPart[],
  from: number,
): ({ readonly position: number; readonly part: number } | null)[] {
  const before = parts.flatMap(({ keyframes, shift }, part) =>
    keyframes.flatMap(({ time, position }) => (time + shift <= from ? [{ position, part }] : [])),
  );
  const plan = [2, 4, 12].flatMap((back) => before.at(-back) ?? []);
  return [...plan, null];
}
