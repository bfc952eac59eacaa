import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { ErrorReport } from '../../shared/errors.ts';
import { ownFolder, removeLeftovers } from '../files/leftovers.ts';
import { notWritable, notWritableBy } from '../files/not-writable.ts';
import { writeFault } from './disk-probe.ts';

export interface RingDiskOptions {
  /** Parent of the ring's own folder; the system's temporary folder without it. */
  readonly parent?: string;
  /** After so long a disk that took nothing is tried again; longer where it soon fails again. */
  readonly retrySeconds?: number;
}

interface DiskHandlers {
  /** Nothing can be written any more. */
  failed(failure: ErrorReport): void;
  /** It can again. */
  mended(): void;
  /** Bytes that must find room before that. */
  needed(): number;
}

const NAME = 'roadgaze-live-';
/** Bytes that a disk takes which is not to blame. */
const SOME = 1 << 16;
const RETRY_SECONDS = 5;
const LONGEST_RETRY_SECONDS = 60;

/**
 * The folder of a ring, on a disk that may become full or read-only, or vanish: then it is
 * tried again until files can be written.
 */
export class RingDisk {
  readonly #options: RingDiskOptions;
  readonly #handlers: DiskHandlers;
  /** null: it could not be made yet. */
  #folder: string | null = null;
  #failure: ErrorReport | null = null;
  #retry: NodeJS.Timeout | undefined;
  #retrySeconds: number;
  #mendedAt = -Infinity;
  #trying: Promise<void> = Promise.resolve();
  #closed = false;

  /** Also removes what processes that are gone have left. */
  static async open(options: RingDiskOptions, handlers: DiskHandlers): Promise<RingDisk> {
    const disk = new RingDisk(options, handlers);
    await removeLeftovers(disk.#parent, NAME);
    const fault = await disk.#fault(SOME);
    if (fault !== null) disk.#fail(fault);
    return disk;
  }

  private constructor(options: RingDiskOptions, handlers: DiskHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#retrySeconds = options.retrySeconds ?? RETRY_SECONDS;
  }

  /** Where files can be written; null while they cannot. */
  get folder(): string | null {
    return this.#failure ? null : this.#folder;
  }

  get failure(): ErrorReport | null {
    return this.#failure;
  }

  /** ffmpeg ended with such words while it wrote here. Gives whether the disk is why. */
  async isToBlame(words: string): Promise<boolean> {
    if (this.#failure || this.#closed) return this.#failure !== null;
    const fault = (await this.#fault(SOME)) ?? notWritableBy([words], '')?.cause ?? null;
    if (fault === null) return false;
    this.#fail(fault);
    return true;
  }

  /** Removes the folder with all that is in it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#trying;
    if (this.#folder !== null)
      await rm(this.#folder, { recursive: true, force: true }).catch(() => {});
  }

  get #parent(): string {
    return this.#options.parent ?? tmpdir();
  }

  /**
   * What keeps so many bytes from being written; null where nothing does. Makes the folder where
   * there is none, but not at the moment when it vanishes.
   */
  async #fault(bytes: number): Promise<unknown> {
    if (this.#folder !== null) {
      const fault = await writeFault(this.#folder, bytes);
      if ((fault as NodeJS.ErrnoException | null)?.code !== 'ENOENT' || !this.#failure)
        return fault;
    }
    try {
      this.#folder = await ownFolder(this.#parent, NAME);
    } catch (error) {
      return error;
    }
    return writeFault(this.#folder, bytes);
  }

  #fail(fault: unknown): void {
    const isSoon = Date.now() - this.#mendedAt < LONGEST_RETRY_SECONDS * 1000;
    this.#retrySeconds = isSoon
      ? Math.min(LONGEST_RETRY_SECONDS, 2 * this.#retrySeconds)
      : (this.#options.retrySeconds ?? RETRY_SECONDS);
    this.#failure = {
      ...notWritable(
        `The feed is shown, but not recorded, for nothing can be written to ${this.#folder ?? this.#parent}`,
        fault,
      ).report(),
      hint: 'The recording goes on by itself when that is mended; or set TMPDIR to another folder and start again.',
    };
    this.#handlers.failed(this.#failure);
    this.#tryLater();
  }

  #tryLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => (this.#trying = this.#try()), this.#retrySeconds * 1000);
    this.#retry.unref();
  }

  async #try(): Promise<void> {
    if ((await this.#fault(this.#handlers.needed())) !== null) return this.#tryLater();
    if (this.#closed) return;
    this.#failure = null;
    this.#mendedAt = Date.now();
    this.#handlers.mended();
  }
}
