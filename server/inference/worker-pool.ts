import './native-settings.ts';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RoadgazeError } from '../../shared/errors.ts';
import { batchOf } from './batches.ts';
import type {
  FrameValues,
  WarmUp,
  WorkerFrame,
  WorkerMessage,
  WorkerReply,
  WorkerRequest,
  WorkerSettings,
} from './session-chain.ts';

interface Job {
  readonly frame: WorkerFrame;
  resolve(values: FrameValues): void;
  reject(error: unknown): void;
}

/** How long after an urgent frame another one is expected. */
const WATCHED_MS = 500;
/**
 * How long a frame that nobody waits for may wait until its batch is full: a full batch costs less
 * a frame.
 */
const GATHERING_MS = 15;

interface Thread {
  readonly worker: Worker;
  running: { id: number; jobs: Job[] } | null;
}

/**
 * Worker threads that run one chain of sessions. Frames that wait are put together into batches;
 * urgent ones go first.
 */
export class WorkerPool {
  /** Of the first worker. */
  readonly warmUp: WarmUp;
  readonly #threads: Thread[];
  readonly #settings: WorkerSettings;
  readonly #waiting: Job[] = [];
  #nextId = 0;
  #lastUrgent = -Infinity;
  #gathering: NodeJS.Timeout | undefined;
  #ended: RoadgazeError | null = null;

  private constructor(threads: Thread[], warmUp: WarmUp, settings: WorkerSettings) {
    this.#threads = threads;
    this.#settings = settings;
    this.warmUp = warmUp;
    for (const thread of threads) {
      thread.worker.on('message', (reply: WorkerReply) => this.#onReply(thread, reply));
      thread.worker.on('error', (error) => this.#fail(whyFailed(error.message), error));
      thread.worker.on('exit', () => this.#fail('a thread that runs it ended'));
    }
  }

  /**
   * Starts the workers and warms them up. Throws INFERENCE_FAILED where ONNX Runtime refuses a
   * model on this provider.
   */
  static async start(settings: WorkerSettings, workers: number): Promise<WorkerPool> {
    const threads = Array.from({ length: workers }, () => ({
      worker: new Worker(new URL('./inference-worker.js', import.meta.url), {
        workerData: settings,
      }),
      running: null,
    }));
    try {
      const [first] = await Promise.all(threads.map(({ worker }) => ready(worker)));
      return new WorkerPool(threads, first!, settings);
    } catch (error) {
      await Promise.all(threads.map(({ worker }) => end(worker)));
      throw error;
    }
  }

  /** Frames in a full batch. */
  get maxBatch(): number {
    return this.#settings.maxBatch;
  }

  /** Runs the chain on one frame: one buffer per input. Urgent frames overtake those that wait. */
  run(
    inputs: readonly Uint8Array[],
    urgent: boolean,
    { detailed = true, pull = false } = {},
  ): Promise<FrameValues> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const job = { frame: { inputs, detailed, pull }, resolve, reject };
      if (urgent) {
        this.#lastUrgent = performance.now();
        this.#waiting.unshift(job);
      } else this.#waiting.push(job);
      this.#offer();
    });
  }

  /**
   * Lets every worker finish the batch it is in: ended inside ONNX Runtime, it would take the whole
   * process with it.
   */
  async close(): Promise<void> {
    this.#fail('inference was stopped');
    await Promise.all(this.#threads.map(({ worker }) => end(worker)));
  }

  /** Full batches go at once, and what somebody waits for; other frames gather for a moment. */
  #offer(): void {
    const { maxBatch } = this.#settings;
    while (
      this.#waiting.length >= (this.#isSomebodyWaiting() ? 1 : maxBatch) &&
      this.#dispatch(maxBatch)
    );
    if (this.#waiting.length > 0) this.#gathering ??= setTimeout(() => this.#flush(), GATHERING_MS);
  }

  #flush(): void {
    this.#gathering = undefined;
    // An even share, so that one worker does not take all that waits while another idles.
    const share = Math.ceil(this.#waiting.length / this.#threads.length);
    while (this.#waiting.length > 0 && this.#dispatch(share));
  }

  /** Gives a free worker its next frames; false where there is none. */
  #dispatch(most: number): boolean {
    const thread = this.#threads.find(({ running }) => !running);
    if (!thread) return false;
    const jobs = this.#waiting.splice(
      0,
      this.#isSomebodyWaiting() ? 1 : batchOf(Math.min(this.#waiting.length, most), this.#settings),
    );
    const request: WorkerRequest = { id: this.#nextId++, frames: jobs.map((job) => job.frame) };
    thread.running = { id: request.id, jobs };
    const transfer = request.frames
      .flatMap((frame) => frame.inputs)
      .filter(ownsBuffer)
      .map((bytes) => bytes.buffer as ArrayBuffer);
    thread.worker.postMessage(request, [...new Set(transfer)]);
    return true;
  }

  /** While somebody watches, no frame of theirs should wait behind a batch of others. */
  #isSomebodyWaiting(): boolean {
    return performance.now() - this.#lastUrgent < WATCHED_MS;
  }

  #onReply(thread: Thread, reply: WorkerReply): void {
    const { running } = thread;
    if (!running || (reply.kind !== 'done' && reply.kind !== 'failed') || reply.id !== running.id)
      return;
    thread.running = null;
    if (reply.kind === 'done')
      running.jobs.forEach((job, index) => job.resolve(reply.frames[index]!));
    else for (const job of running.jobs) job.reject(failed(whyFailed(reply.reason), reply.reason));
    this.#offer();
  }

  #fail(reason: string, cause?: unknown): void {
    if (this.#ended) return;
    this.#ended = failed(reason, cause);
    clearTimeout(this.#gathering);
    for (const job of [
      ...this.#waiting.splice(0),
      ...this.#threads.flatMap((thread) => thread.running?.jobs ?? []),
    ])
      job.reject(this.#ended);
  }
}

async function end(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return;
  const exited = once(worker, 'exit');
  worker.postMessage('end' satisfies WorkerMessage);
  await exited;
}

/** Only a buffer that holds nothing else may move to the worker; any other is copied. */
function ownsBuffer(bytes: Uint8Array): boolean {
  return (
    bytes.byteOffset === 0 &&
    bytes.byteLength === bytes.buffer.byteLength &&
    bytes.buffer instanceof ArrayBuffer
  );
}

/**
 * What ONNX Runtime, or Node about a thread, says where memory ran out: neither has a code for it.
 */
const OUT_OF_MEMORY = /bad_alloc|bad allocation|allocate|out of memory|memory limit/i;

function whyFailed(said: string): string {
  return OUT_OF_MEMORY.test(said)
    ? 'there is not enough memory for it'
    : 'ONNX Runtime cannot compute it for this picture';
}

/** `reason`: in our words; what others say is in `cause`. */
function failed(reason: string, cause?: unknown): RoadgazeError {
  const hint =
    'Open it again, with fewer methods where memory is short; with ROADGAZE_DEBUG=1 you see what ONNX Runtime says.';
  return new RoadgazeError('INFERENCE_FAILED', `Running the network failed: ${reason}.`, hint, {
    cause,
  });
}

function ready(worker: Worker): Promise<WarmUp> {
  return new Promise((resolve, reject) => {
    worker.once('message', (reply: WorkerReply) => {
      if (reply.kind === 'ready') resolve(reply.warmUp);
      else if (reply.kind === 'refused')
        reject(
          new RoadgazeError(
            'INFERENCE_FAILED',
            `ONNX Runtime does not run ${reply.source}.`,
            'Check that it runs in ONNX Runtime by itself; with ROADGAZE_DEBUG=1 you see what ONNX Runtime says.',
            { cause: reply.reason },
          ),
        );
    });
    worker.once('error', (error) => reject(failed(whyFailed(error.message), error)));
  });
}
