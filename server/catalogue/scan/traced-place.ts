import type { Place } from '../../drive/place.ts';

/** A place that remembers what of it was looked at. */
export class TracedPlace implements Place {
  /** Names in the folder. */
  readonly touched = new Set<string>();
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get path(): string {
    return this.#place.path;
  }

  get name(): string {
    return this.#place.name;
  }

  get isFolder(): boolean {
    return this.#place.isFolder;
  }

  get names(): ReadonlySet<string> {
    return this.#place.names;
  }

  head(): Promise<Buffer> {
    return this.#place.head();
  }

  headOf(name: string): Promise<Buffer> {
    this.touched.add(name);
    return this.#place.headOf(name);
  }

  namesOf(name: string): Promise<ReadonlySet<string>> {
    this.touched.add(name);
    return this.#place.namesOf(name);
  }
}
