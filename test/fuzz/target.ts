import type { Random } from '../../recordings/scene/world/random.ts';

/** Something that reads what comes from outside. */
export interface FuzzTarget {
  /** An input that is valid, or nearly: the same one for the same numbers. */
  make(random: Random): Uint8Array;
  /**
   * Has the input read, and all done with it that the product would do. Gives a word for what
   * became of it, by which inputs are counted. Whatever it throws is a find, except a RoadgazeError
   * that is told well.
   */
  run(input: Uint8Array): string | Promise<string>;
  close?(): Promise<void>;
}

/** What a file of `targets/` exports as `open`; `folder` is empty and the target's own. */
export type OpenTarget = (folder: string) => FuzzTarget | Promise<FuzzTarget>;

/** Bytes as text and back: targets of text take the same inputs as all others. */
export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');
export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
