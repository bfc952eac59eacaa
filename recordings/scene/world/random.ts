/**
 * The scene's only source of chance. Streams are named: taking more numbers from one ("trees")
 * never moves another ("cars"), so a change in one part of the world leaves the rest as it was.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, name: string) {
    let hash = (seed ^ 0x9e3779b9) >>> 0;
    for (let i = 0; i < name.length; i++) hash = scramble(hash + name.charCodeAt(i) * 0x01000193);
    this.#a = scramble(hash + 1);
    this.#b = scramble(hash + 2);
    this.#c = scramble(hash + 3);
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Uniform in [0, 1), 32 bits (the sfc32 generator of PractRand). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  sign(): 1 | -1 {
    return this.next() < 0.5 ? 1 : -1;
  }
}

/** 32-bit integer finaliser (murmur3's). */
export function scramble(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * Smooth noise of one variable, mean 0, about −1..1, one feature per unit of `x`; a pure function
 * of its arguments.
 */
export function smoothNoise(seed: number, x: number): number {
  const cell = Math.floor(x);
  const t = x - cell;
  const u = t * t * (3 - 2 * t);
  return lattice(seed, cell) * (1 - u) + lattice(seed, cell + 1) * u;
}

function lattice(seed: number, cell: number): number {
  return scramble(scramble(seed + 77) + cell) / 2147483648 - 1;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

export function smoothstep(low: number, high: number, x: number): number {
  const t = clamp((x - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}
