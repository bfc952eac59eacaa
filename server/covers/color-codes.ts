/** Coarse colours of a picture: what one thing is made of falls into a few of them. */
export interface ColorCodes {
  /** One for each pixel of the mask's grid. */
  readonly codes: Uint16Array;
  readonly isGray: boolean;
}

/** Bits of luma (of colour, of grey) and of each of the two colours, as they are coded. */
const [LUMA_BITS, GRAY_BITS, COLOR_BITS] = [4, 6, 5];
export const MOST_CODES = 1 << (LUMA_BITS + 2 * COLOR_BITS);
/** Shadows change the luma of one thing more than its colour. */
const LUMA_WEIGHT = 0.5;
/** Colours further apart than this have nothing to do with each other. */
const REACH = 3;
const LAST_COLOR = (1 << COLOR_BITS) - 1;

/** Planes of bytes on the mask's grid; `blue` and `red` are null for a grey picture. */
export interface ColorPlanes {
  readonly luma: Uint8Array;
  readonly blue: Uint8Array | null;
  readonly red: Uint8Array | null;
}

export function codeColors({ luma, blue, red }: ColorPlanes, codes: Uint16Array): ColorCodes {
  for (let pixel = 0; pixel < codes.length; pixel++)
    codes[pixel] =
      blue && red
        ? ((luma[pixel]! >> (8 - LUMA_BITS)) << (2 * COLOR_BITS)) |
          ((blue[pixel]! >> (8 - COLOR_BITS)) << COLOR_BITS) |
          (red[pixel]! >> (8 - COLOR_BITS))
        : luma[pixel]! >> (8 - GRAY_BITS);
  return { codes, isGray: !blue };
}

/** How alike two colours are: 1 for the same, falling evenly to 0. */
export function likeness(one: number, other: number, isGray: boolean): number {
  const distance = isGray
    ? Math.abs(one - other)
    : LUMA_WEIGHT * Math.abs((one >> (2 * COLOR_BITS)) - (other >> (2 * COLOR_BITS))) +
      Math.abs(((one >> COLOR_BITS) & LAST_COLOR) - ((other >> COLOR_BITS) & LAST_COLOR)) +
      Math.abs((one & LAST_COLOR) - (other & LAST_COLOR));
  return Math.max(0, 1 - distance / REACH);
}

/** How often each colour occurs in a thing and around it, and which of both a colour belongs to. */
export class ColorContrast {
  readonly #inside = new Int32Array(MOST_CODES);
  readonly #around = new Int32Array(MOST_CODES);
  /** 0: not asked yet; 1: of the thing; 2: of what is around it. */
  readonly #known = new Uint8Array(MOST_CODES);
  #ofInside: number[] = [];
  #ofAround: number[] = [];
  #asked: number[] = [];
  #insides = 0;
  #arounds = 0;

  begin(): void {
    for (const code of this.#ofInside) this.#inside[code] = 0;
    for (const code of this.#ofAround) this.#around[code] = 0;
    for (const code of this.#asked) this.#known[code] = 0;
    this.#ofInside = [];
    this.#ofAround = [];
    this.#asked = [];
    this.#insides = this.#arounds = 0;
  }

  addInside(code: number): void {
    if (this.#inside[code]!++ === 0) this.#ofInside.push(code);
    this.#insides++;
  }

  addAround(code: number): void {
    if (this.#around[code]!++ === 0) this.#ofAround.push(code);
    this.#arounds++;
  }

  /** Whether a colour is more than `times` as frequent inside as around. */
  isInside(code: number, isGray: boolean, times: number): boolean {
    let known = this.#known[code]!;
    if (known === 0) {
      let [inside, around] = [0, 0];
      for (const other of this.#ofInside)
        inside += this.#inside[other]! * likeness(code, other, isGray);
      if (inside > 0)
        for (const other of this.#ofAround)
          around += this.#around[other]! * likeness(code, other, isGray);
      known = inside * this.#arounds > times * around * this.#insides ? 1 : 2;
      if (inside > 0 && this.#arounds === 0) known = 1;
      this.#known[code] = known;
      this.#asked.push(code);
    }
    return known === 1;
  }
}
