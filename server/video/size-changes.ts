import type { Size } from '../../shared/geometry.ts';

/**
 * For ffmpeg's filter chain, where times are still those of the file: leaves pictures as they are,
 * and tells time, width and height of the first one. ffmpeg makes its filters anew where the size
 * changes, so that the first one of each size is told. The number is ffmpeg's level of a warning.
 */
export const SIZE_TELLER =
  "crop=w=iw:h=ih:x='if(n,0,0*(print(t,24)+print(iw,24)+print(ih,24)))':y=0:exact=1";

/** More say no more. */
const MOST_TOLD = 20;

/** Reads what `SIZE_TELLER` says. */
export class SizeChanges {
  readonly #tell: (sentence: string) => void;
  #numbers: number[] = [];
  #size: Size | null = null;
  #told = 0;

  /** `tell` gets a sentence for each change. */
  constructor(tell: (sentence: string) => void) {
    this.#tell = tell;
  }

  /**
   * Whether the line was meant for this. `origin`: the presentation time (s) at which the times
   * begin that it tells; NaN: they say nothing.
   */
  take(line: string, origin = 0): boolean {
    const [, number] =
      /^(?:\[Eval @ [^\]]*\] )?\[warning\] (-?\d+\.\d+|-?nan)$/.exec(line.trim()) ?? [];
    if (number === undefined) return false;
    this.#numbers.push(Number(number));
    if (this.#numbers.length < 3) return true;
    const [time, width, height] = this.#numbers as [number, number, number];
    this.#numbers = [];
    const before = this.#size;
    this.#size = { width, height };
    if (
      !before ||
      (before.width === width && before.height === height) ||
      this.#told++ >= MOST_TOLD
    )
      return true;
    this.#tell(
      `The pictures change from ${before.width}×${before.height} to ${width}×${height}${Number.isNaN(origin + time) ? '' : ` at ${(origin + time).toFixed(3)} s`}; each is shown in its own shape, and the crop is scaled to each.`,
    );
    return true;
  }
}
