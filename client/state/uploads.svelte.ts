import { reportOf, RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import type { BegunUpload, FinishedUpload } from '../../shared/protocol/catalogue-messages.ts';

/** A file that was dropped onto the page. */
export interface DroppedFile {
  /** Below what was dropped, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** Its bytes, as the browser sends them. */
  part(from: number, to: number): unknown;
}

/** The server, and time. Rejects with a RoadgazeError, or with whatever the browser throws. */
export interface UploadTools {
  begin(files: readonly DroppedFile[]): Promise<BegunUpload>;
  /** Gives the bytes of the file that are there then. */
  send(upload: string, file: number, offset: number, part: unknown): Promise<number>;
  finish(upload: string): Promise<FinishedUpload>;
  abandon(upload: string): Promise<void>;
  pause(milliseconds: number): Promise<void>;
  now(): number;
}

const SMALLEST_PART = 256 << 10;
const LARGEST_PART = 32 << 20;
/** A part that is sent faster is followed by a larger one, ms. */
const FAST = 1000;
const FILES_AT_ONCE = 3;
/** Attempts without any progress, after which a person has to say whether it goes on. */
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE = 500;

/** Files that were dropped together, on their way to the server. */
export class Sending {
  readonly name: string;
  readonly files: readonly DroppedFile[];
  readonly bytes: number;
  sent = $state(0);
  state = $state<'sending' | 'waiting' | 'failed' | 'done' | 'given up'>('sending');
  failure = $state.raw<ErrorReport | null>(null);
  finished = $state.raw<FinishedUpload | null>(null);
  readonly #tools: UploadTools;
  #upload: string | null = null;
  #received: number[] = [];
  #part = 4 << 20;
  #run = 0;

  constructor(files: readonly DroppedFile[], tools: UploadTools) {
    this.files = files;
    this.#tools = tools;
    this.bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const tops = [...new Set(files.map(({ path }) => path.split('/')[0]!))];
    this.name = tops.length > 1 ? `${tops[0]} and ${tops.length - 1} more` : (tops[0] ?? '');
  }

  /** 0…1 */
  get share(): number {
    return this.bytes === 0 ? 1 : this.sent / this.bytes;
  }

  /** Sends what is not there yet. Where the connection breaks it is tried again, from where it was. */
  async go(): Promise<void> {
    const run = ++this.#run;
    this.failure = null;
    for (let attempts = 0; run === this.#run;) {
      const before = this.sent;
      try {
        this.state = 'sending';
        const { upload, received } = await this.#tools.begin(this.files);
        this.#upload = upload;
        this.#received = [...received];
        this.#count();
        await this.#sendAll(upload, run);
        if (run !== this.#run) return;
        this.finished = await this.#tools.finish(upload);
        this.state = 'done';
        return;
      } catch (error) {
        if (run !== this.#run) return;
        attempts = this.sent > before ? 1 : attempts + 1;
        const report = error instanceof RoadgazeError ? error.report() : null;
        const isFinal = report !== null && report.code !== 'SERVER_BUSY' && attempts > 1;
        if (isFinal || attempts >= MOST_ATTEMPTS) {
          this.failure = report ?? unreachable(error);
          this.state = 'failed';
          return;
        }
        this.state = 'waiting';
        this.#part = Math.max(SMALLEST_PART, this.#part / 4);
        await this.#tools.pause(FIRST_PAUSE * 2 ** (attempts - 1));
      }
    }
  }

  /** What came of it is removed. */
  async giveUp(): Promise<void> {
    this.#run++;
    this.state = 'given up';
    if (this.#upload !== null) await this.#tools.abandon(this.#upload).catch(() => {});
  }

  async #sendAll(upload: string, run: number): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < this.files.length && run === this.#run)
        await this.#sendOne(upload, next++, run);
    };
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, worker));
  }

  async #sendOne(upload: string, index: number, run: number): Promise<void> {
    const file = this.files[index]!;
    while (run === this.#run) {
      const from = this.#received[index] ?? 0;
      if (from >= file.bytes) return;
      const to = Math.min(file.bytes, from + this.#part);
      const began = this.#tools.now();
      const there = await this.#tools.send(upload, index, from, file.part(from, to));
      if (there <= from) throw new Error('The server takes nothing more of it.');
      this.#received[index] = there;
      this.#count();
      if (to - from === this.#part && this.#tools.now() - began < FAST)
        this.#part = Math.min(LARGEST_PART, this.#part * 2);
    }
  }

  #count(): void {
    this.sent = this.#received.reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** All that was dropped since the page was loaded, one after the other. */
export class UploadList {
  list = $state.raw<readonly Sending[]>([]);
  readonly #tools: UploadTools;
  readonly #onNetworks: (networks: FinishedUpload['networks']) => void;

  /** `onNetworks` gets the networks that came with what was dropped. */
  constructor(
    tools: UploadTools,
    onNetworks: (networks: FinishedUpload['networks']) => void = () => {},
  ) {
    this.#tools = tools;
    this.#onNetworks = onNetworks;
  }

  /** Hidden files, which systems put beside everything, are left out. */
  async add(dropped: readonly DroppedFile[]): Promise<Sending | null> {
    const files = dropped.filter(
      ({ path }) => !path.split('/').some((part) => part.startsWith('.')),
    );
    if (files.length === 0) return null;
    const sending = new Sending(files, this.#tools);
    this.list = [...this.list, sending];
    await this.go(sending);
    return sending;
  }

  /** Also what was interrupted. */
  async go(sending: Sending): Promise<void> {
    await sending.go();
    const networks = sending.finished?.networks ?? [];
    if (networks.length > 0) this.#onNetworks(networks);
  }

  remove(sending: Sending): void {
    if (sending.state !== 'done') void sending.giveUp();
    this.list = this.list.filter((each) => each !== sending);
  }
}

function unreachable(error: unknown): ErrorReport {
  return {
    ...reportOf(error),
    code: 'SERVER_BUSY',
    message: 'The server cannot be reached.',
    hint: 'Go on when it is there again; what was sent is kept.',
  };
}
