export interface ParquetRequest {
  readonly path: string;
  /** By name; all without. Those that are not there are left out. */
  readonly columns?: readonly string[];
  /** From the first row that counts, to before the first that does not. */
  readonly rowStart?: number;
  readonly rowEnd?: number;
}

export interface ParquetTable {
  readonly rows: number;
  /** The steering ratio, as `PARQUET_RATIO` has it; null: it is not there. */
  readonly ratio: string | null;
  /** Of all columns of the file. */
  readonly names: readonly string[];
  /** In the file's order; without those whose values are of no kind that is known. */
  readonly columns: ReadonlyMap<string, ParquetColumn>;
}

/** One value per row; NaN or '' where there is none. */
export type ParquetColumn =
  | { readonly kind: 'numbers'; readonly values: Float64Array }
  | {
      readonly kind: 'instants';
      /** Nanoseconds since 1970 of the first one. */
      readonly first: bigint;
      /** Seconds since that. */
      readonly values: Float64Array;
    }
  | { readonly kind: 'texts'; readonly values: readonly string[] }
  /** Lists, element by element. */
  | { readonly kind: 'vectors'; readonly elements: readonly Float64Array[] };

/** What the thread that reads answers. */
export type ParquetReply =
  | { readonly table: ParquetTable }
  | {
      readonly failed: {
        /** Of the system. */
        readonly code: string | null;
        /** In our words, as in "x cannot be read: it has too many rows". */
        readonly reason: string | null;
        readonly cause: string;
      };
    };
