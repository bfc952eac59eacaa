/** What a tub's records say, whatever its version. All columns have one entry per record kept. */
export interface Tub {
  /** Cameras by the names of their fields, `cam/image_array` first. */
  readonly cameras: readonly TubCamera[];
  /** Folder of the pictures, as it lies on disk. */
  readonly pictureFolder: string;
  /** Names of the files that say what is in the tub: as long as they stand, so does the tub. */
  readonly files: readonly string[];
  /** Milliseconds of the recorder's clock; NaN where a record has none. */
  readonly milliseconds: Float64Array;
  /** Numbers by the names of their fields; NaN where a record has none. */
  readonly series: ReadonlyMap<string, Float64Array>;
  /** Number of the record in the tub. */
  readonly numbers: Float64Array;
  /** Sentences on what was left out, or is not as it should be. */
  readonly notes: readonly string[];
}

export interface TubCamera {
  readonly field: string;
  /** File names of the pictures, as the records have them; empty where a record has none. */
  readonly files: readonly string[];
}

/** The steering of the driver, in −1…1, positive to the right. */
export const STEERING_FIELD = 'user/angle';
/** The same of the network that drove. */
export const PILOT_FIELD = 'pilot/angle';
/** Every record begins with it where a tub has a single camera. */
export const PICTURE_FIELD = 'cam/image_array';
