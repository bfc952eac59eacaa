import { NumberColumn } from '../../log/number-column.ts';
import { PICTURE_FIELD, type Tub, type TubCamera } from './tub.ts';

type Fields = Readonly<Record<string, unknown>>;

/** More fields than this are not one tub's. */
const MOST_FIELDS = 200;
const PICTURE_NAME = /\.(jpe?g|png)$/i;
/** Fields that count or sign records. */
const NOT_MEASURED = new Set([
  '_index',
  '_timestamp_ms',
  '_session_id',
  'milliseconds',
  'timestamp',
]);

/** Gathers records into columns. A field may come or go under way. */
export class RecordColumns {
  readonly #times = new NumberColumn();
  readonly #numbers = new NumberColumn();
  readonly #series = new Map<string, NumberColumn>();
  readonly #pictures = new Map<string, string[]>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(number: number, milliseconds: number, fields: Fields): void {
    this.#numbers.push(number);
    this.#times.push(milliseconds);
    for (const [field, value] of Object.entries(fields)) {
      if (NOT_MEASURED.has(field)) continue;
      if (typeof value === 'number') this.#column(field)?.push(value);
      else if (typeof value === 'boolean') this.#column(field)?.push(value ? 1 : 0);
      else if (typeof value === 'string' && PICTURE_NAME.test(value))
        this.#files(field)?.push(value);
    }
    this.#length++;
    // What this record lacks.
    for (const column of this.#series.values()) if (column.length < this.#length) column.push(NaN);
    for (const files of this.#pictures.values()) if (files.length < this.#length) files.push('');
  }

  whole({ pictureFolder, files, notes }: Pick<Tub, 'pictureFolder' | 'files' | 'notes'>): Tub {
    const cameras: TubCamera[] = [...this.#pictures]
      .map(([field, names]) => ({ field, files: names }))
      .sort((a, b) => Number(b.field === PICTURE_FIELD) - Number(a.field === PICTURE_FIELD));
    return {
      cameras,
      pictureFolder,
      files,
      milliseconds: this.#times.values(),
      series: new Map([...this.#series].map(([field, column]) => [field, column.values()])),
      numbers: this.#numbers.values(),
      notes,
    };
  }

  #column(field: string): NumberColumn | null {
    let column = this.#series.get(field);
    if (!column) {
      if (this.#series.size >= MOST_FIELDS) return null;
      column = new NumberColumn();
      for (let i = 0; i < this.#length; i++) column.push(NaN);
      this.#series.set(field, column);
    }
    return column;
  }

  #files(field: string): string[] | null {
    let files = this.#pictures.get(field);
    if (!files) {
      if (this.#pictures.size >= MOST_FIELDS) return null;
      files = new Array<string>(this.#length).fill('');
      this.#pictures.set(field, files);
    }
    return files;
  }
}
