import type { PictureTrack } from './picture-track.ts';

/** More are counted, but not named. */
const MOST_NAMED = 5;

/** Which pictures of a track gave no frame, and why. */
export class PictureLosses {
  readonly #track: PictureTrack;
  #missing: string[] = [];
  #missingCount = 0;
  #damaged: string[] = [];
  #damagedCount = 0;
  /** Packets that are on their way through ffmpeg, ascending. */
  #underWay: number[] = [];

  constructor(track: PictureTrack) {
    this.#track = track;
  }

  /** What was told of another try. */
  clear(): void {
    this.#missing = [];
    this.#damaged = [];
    this.#underWay = [];
    this.#missingCount = this.#damagedCount = 0;
  }

  /** The picture cannot be read. */
  missing(why: string): void {
    if (this.#missingCount++ < MOST_NAMED) this.#missing.push(why);
  }

  fed(packet: number): void {
    this.#underWay.push(packet);
  }

  /** A frame has come of this packet: earlier ones that were fed give none any more. */
  decoded(packet: number): void {
    const count = this.#underWay.findIndex((each) => each >= packet);
    for (const each of this.#underWay.splice(0, count < 0 ? Infinity : count))
      this.#isDamaged(each);
    if (this.#underWay[0] === packet) this.#underWay.shift();
  }

  /** The last frame has come. */
  ended(): void {
    this.decoded(Infinity);
  }

  #isDamaged(packet: number): void {
    if (this.#damagedCount++ >= MOST_NAMED) return;
    this.#damaged.push(pictureName(this.#track, packet));
  }

  get sentences(): readonly string[] {
    return [
      ...sentence(this.#missingCount, 'could not be read', this.#missing),
      ...sentence(this.#damagedCount, 'could not be decoded', this.#damaged),
    ];
  }
}

export function pictureName(track: PictureTrack, packet: number): string {
  return (
    track.nameOf?.(packet) ?? `picture ${packet + 1} at ${(track.pts[packet] ?? NaN).toFixed(3)} s`
  );
}

function sentence(count: number, what: string, names: readonly string[]): string[] {
  if (count === 0) return [];
  const named = count > names.length ? [...names, `and ${count - names.length} more`] : names;
  return [`${count} ${count === 1 ? 'picture' : 'pictures'} ${what}: ${named.join(', ')}.`];
}
