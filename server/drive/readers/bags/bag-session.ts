import { bagFiles, type BagFiles } from './bag-files.ts';
import { CameraReader, type BagIndex } from './pictures/camera-reader.ts';
import { cameraTopics, pictureKind } from './pictures/picture-topics.ts';
import { collectSignals, type BagSignals } from './signals/collect.ts';
import type { Topic } from './store/message-store.ts';
import { RecordedBag } from './store/recorded-bag.ts';

/** What a bag is found to hold when it is opened. */
export interface BagContents {
  readonly cameras: readonly BagCamera[];
  /** Files that are read of it. */
  readonly paths: readonly string[];
  /** There are topics that are not pictures, with messages. */
  readonly hasSignals: boolean;
  /** What is wrong with its files, a sentence each. */
  readonly notes: readonly string[];
}

export interface BagCamera {
  /** Key of its topic. */
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly count: number | null;
}

/** What a list of drives tells of a bag. */
export interface BagTopics {
  /** Without their definitions. */
  readonly topics: readonly Topic[];
  readonly durationSeconds: number | null;
}

/** A bag that is open, in a thread of its own; see `bag-thread.ts`. */
export class BagSession {
  readonly #files: BagFiles;
  readonly #bag: RecordedBag;
  readonly #cameras = new Map<string, CameraReader>();

  private constructor(files: BagFiles, bag: RecordedBag) {
    this.#files = files;
    this.#bag = bag;
  }

  /**
   * `path` is that of a file or folder, `scratch` an empty folder of our own. Throws what `bagFiles`
   * does, and clauses where nothing of it can be read.
   */
  static async open(path: string, scratch: string): Promise<BagSession> {
    const files = await bagFiles(path);
    return new BagSession(files, await RecordedBag.open(files.paths, scratch));
  }

  contents(): BagContents {
    const cameras = cameraTopics(this.#bag.topics);
    return {
      cameras: cameras.map(([key, { name, type, count }]) => ({
        key,
        name,
        type,
        // Of splits that are not unpacked yet, only the description tells.
        count: this.#bag.isOpened ? count : (this.#files.counts.get(name) ?? null),
      })),
      paths: this.#files.paths,
      hasSignals: [...this.#bag.topics.values()].some(
        (topic) => pictureKind(topic) === null && topic.count !== 0,
      ),
      notes: this.notes(),
    };
  }

  async outline(): Promise<BagTopics> {
    const topics = [...this.#bag.topics.values()].map((topic) => ({ ...topic, schema: null }));
    return { topics, durationSeconds: await this.#bag.duration() };
  }

  /** What is wrong with its files as far as they were read, a sentence each. */
  notes(): string[] {
    return [...this.#files.notes, ...this.#bag.notes];
  }

  /** Of a camera by its key; with `isBrief` of its first pictures only. */
  async index(key: string, isBrief: boolean): Promise<BagIndex> {
    return this.#camera(key).index(isBrief);
  }

  /** The bytes of a picture of the index, its own; or why there are none. */
  async picture(key: string, isBrief: boolean, number: number): Promise<Uint8Array | string> {
    return this.#camera(key).picture(isBrief, number);
  }

  /** Times are on the clock of this camera. */
  async signals(key: string): Promise<BagSignals> {
    const clock = await this.#camera(key).clock();
    const topics = new Map(
      [...this.#bag.topics].filter(([, topic]) => pictureKind(topic) === null),
    );
    return collectSignals(this.#bag, topics, clock);
  }

  close(): Promise<void> {
    return this.#bag.close();
  }

  #camera(key: string): CameraReader {
    let camera = this.#cameras.get(key);
    if (!camera) {
      const topic = this.#bag.topics.get(key);
      if (!topic) throw new Error(`it has no topic ${key.split('\0', 1)[0]}`);
      this.#cameras.set(key, (camera = new CameraReader(this.#bag, key, topic)));
    }
    return camera;
  }
}
