import type { ErrorReport } from '../errors.ts';
import type { FlagKind } from '../flags.ts';

/** What is known of the folder of recordings as a whole. */
export interface CatalogueState {
  /** Counts up with each change of what is listed. */
  readonly revision: number;
  /** Drives that were found so far. */
  readonly drives: number;
  /** Folders are still being looked into. */
  readonly isScanning: boolean;
  /** What was left out, a sentence each. */
  readonly notes: readonly string[];
  /** Bytes that may be sent to the server at once; 0: none may. */
  readonly uploadBytes: number;
}

export const DRIVE_SORTS = ['name', 'date', 'length', 'flags'] as const;
export type DriveSort = (typeof DRIVE_SORTS)[number];

/** Which drives are asked for; a field that is left out asks for all. */
export interface DriveQuery {
  /** Words, each of which must be in name, folder, format, cameras, signals or networks. */
  readonly text?: string;
  /** Id of a format. */
  readonly format?: string;
  readonly hasLog?: boolean;
  readonly isAnalysed?: boolean;
  readonly isFlagged?: boolean;
  /** Its natural order without: by folder and name. */
  readonly sort?: DriveSort;
  /** The other way round: dates, lengths and flags begin with the most without it. */
  readonly isReversed?: boolean;
  readonly offset: number;
  /** 1…200 */
  readonly limit: number;
}

/** What was found of a drive by an analysis. */
export interface DriveAnalysis {
  readonly network: string;
  readonly flags: number;
  readonly worst: { readonly kind: FlagKind; readonly severity: number } | null;
  readonly isWhole: boolean;
}

export interface DriveRow {
  /** As `open` takes it. */
  readonly id: string;
  readonly name: string;
  /** Below the folder of recordings, with `/`; '' is that folder. */
  readonly folder: string;
  /** Id of its format. */
  readonly format: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** null: they are being read, and `revision` counts up when they are there. */
  readonly details: {
    /** null: not known before all of it was read. */
    readonly durationSeconds: number | null;
    readonly cameras: readonly string[];
    readonly signals: readonly string[];
    readonly hasLog: boolean;
  } | null;
  readonly error: ErrorReport | null;
  readonly analyses: readonly DriveAnalysis[];
}

/** The answer to a `DriveQuery`. */
export interface DrivePage {
  readonly state: CatalogueState;
  /** Drives that the query is true of. */
  readonly matching: number;
  /** Drives whose details are known: order by length, and what they are searched for, is of those. */
  readonly known: number;
  readonly drives: readonly DriveRow[];
  /** Of all drives; `title` with its article. */
  readonly formats: readonly {
    readonly id: string;
    readonly title: string;
    readonly count: number;
  }[];
}

/** The answer to the list of files that are to be sent. */
export interface BegunUpload {
  readonly upload: string;
  /** Bytes of each file that are there already: it goes on from there. */
  readonly received: readonly number[];
}

/** The answer when all files are whole, and in their places. */
export interface FinishedUpload {
  /** Below the folder of recordings. */
  readonly path: string;
  /** What was found in it. */
  readonly drives: readonly { readonly id: string; readonly name: string }[];
  /** Networks in it; they can be chosen from then on. */
  readonly networks: readonly {
    readonly id: string;
    readonly name: string;
    readonly error: ErrorReport | null;
  }[];
}
