import { rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { RoadgazeError } from '../../../../shared/errors.ts';
import { ownFolder, removeLeftovers } from '../../../files/leftovers.ts';
import { notWritable } from '../../../files/not-writable.ts';
import { once } from '../../once.ts';
import type { BagContents, BagTopics } from './bag-session.ts';
import type { BagAnswer, BagFailure, BagQuestion, BagThreadData } from './bag-worker.ts';
import type { BagIndex } from './pictures/camera-reader.ts';
import type { BagSignals } from './signals/collect.ts';

/** Why a bag cannot be read, a clause. */
export class BagFault extends Error {}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const SCRATCH = 'roadgaze-bag-';
/** Of bags that are open. */
const scratches = new Set<string>();
process.on('exit', () => {
  for (const scratch of scratches) rmSync(scratch, { recursive: true, force: true });
});
const clearOnce = once(() => removeLeftovers(tmpdir(), SCRATCH));
/** Memory of a thread that is not pictures or columns; MiB. */
const MOST_HEAP = 1024;

/**
 * A bag that is open in a thread of its own: reading it unpacks, goes through databases and through
 * millions of messages, and the thread that serves sockets has no time for that. Rejects with
 * BagFault or RoadgazeError.
 */
export class BagThread {
  readonly #scratch: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #ended: BagFault | null = null;

  private constructor(path: string, scratch: string) {
    this.#scratch = scratch;
    this.#worker = new Worker(new URL('./bag-worker.js', import.meta.url), {
      workerData: { path, scratch } satisfies BagThreadData,
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP },
    });
    this.#worker.unref();
    this.#worker.on('message', ({ id, value, fault }: BagAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker.unref();
      if (fault === undefined) waiting?.resolve(value);
      else waiting?.reject(failureOf(fault));
    });
    this.#worker.on('error', (error) => this.#end(faultOf(error)));
    this.#worker.on('exit', () => this.#end(new BagFault('it was closed')));
    scratches.add(scratch);
  }

  /**
   * The caller closes it, also where what it asks first is rejected. Throws OUTPUT_NOT_WRITABLE where
   * there is no place for what a packed bag is unpacked to.
   */
  static async open(path: string): Promise<BagThread> {
    await clearOnce();
    const scratch = await ownFolder(tmpdir(), SCRATCH).catch((cause: unknown) => {
      throw notWritable(`A bag cannot be opened, for nothing can be made in ${tmpdir()}`, cause);
    });
    return new BagThread(path, scratch);
  }

  contents(): Promise<BagContents> {
    return this.#ask('contents') as Promise<BagContents>;
  }

  outline(): Promise<BagTopics> {
    return this.#ask('outline') as Promise<BagTopics>;
  }

  /** With `isBrief`, of the first pictures only. */
  index(camera: string, isBrief: boolean): Promise<BagIndex> {
    return this.#ask('index', camera, isBrief) as Promise<BagIndex>;
  }

  /** Its bytes, or why there are none. */
  picture(camera: string, isBrief: boolean, number: number): Promise<Uint8Array | string> {
    return this.#ask('picture', camera, isBrief, number) as Promise<Uint8Array | string>;
  }

  signals(camera: string): Promise<BagSignals> {
    return this.#ask('signals', camera) as Promise<BagSignals>;
  }

  /** What is wrong with its files as far as they were read. */
  notes(): Promise<readonly string[]> {
    return this.#ask('notes') as Promise<readonly string[]>;
  }

  async close(): Promise<void> {
    this.#end(new BagFault('it was closed'));
    await this.#worker.terminate();
    await rm(this.#scratch, { recursive: true, force: true });
    scratches.delete(this.#scratch);
  }

  #ask(name: BagQuestion['name'], ...args: readonly unknown[]): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#asked++;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, args } satisfies BagQuestion);
    });
  }

  #end(fault: BagFault): void {
    this.#ended ??= fault;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

function failureOf(fault: BagFailure): Error {
  return typeof fault === 'string'
    ? new BagFault(fault)
    : new RoadgazeError(fault.code, fault.message, fault.hint);
}

function faultOf(error: Error & { code?: unknown }): BagFault {
  return new BagFault(
    error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? 'it needs more memory than one drive may have'
      : error.message.split('\n', 1)[0]!,
    { cause: error },
  );
}
