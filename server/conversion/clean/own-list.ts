/** A drive's own list of what belongs to it, changed. */
export interface OwnList {
  /** Of the drive, relative to its folder; null where it has none, and the list lies elsewhere. */
  readonly file: string | null;
  readonly content: string | Uint8Array;
  /** What was changed, without a subject and a full stop. */
  readonly told: string;
}
