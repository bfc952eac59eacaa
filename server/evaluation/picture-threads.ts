import { Worker } from 'node:worker_threads';
import type { TaskName, TaskRequest, TaskResult } from './picture-tasks.ts';
import type { ThreadMessage } from './picture-thread.ts';

interface Job {
  readonly message: ThreadMessage;
  resolve(result: TaskResult<TaskName>): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  job: Job | null;
}

/** Threads for tasks on pictures and maps, each one task at a time. */
export class PictureThreads {
  readonly #threads: readonly Thread[];
  readonly #waiting: Job[] = [];
  #ended: Error | null = null;

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => {
      const worker = new Worker(new URL('./picture-thread.js', import.meta.url));
      const thread: Thread = { worker, job: null };
      worker.on('message', (result: TaskResult<TaskName>) => {
        thread.job?.resolve(result);
        thread.job = null;
        this.#offer();
      });
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', () => this.#fail(new Error('a thread for pictures ended')));
      return thread;
    });
  }

  get count(): number {
    return this.#threads.length;
  }

  run<Name extends TaskName>(name: Name, request: TaskRequest<Name>): Promise<TaskResult<Name>> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        message: { name, request },
        resolve: resolve as Job['resolve'],
        reject,
      });
      this.#offer();
    });
  }

  async close(): Promise<void> {
    this.#fail(new Error('work on pictures was stopped'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #offer(): void {
    for (const thread of this.#threads) {
      if (thread.job) continue;
      const job = this.#waiting.shift();
      if (!job) return;
      thread.job = job;
      thread.worker.postMessage(job.message);
    }
  }

  #fail(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    const running = this.#threads.flatMap(({ job }) => job ?? []);
    for (const job of [...this.#waiting.splice(0), ...running]) job.reject(reason);
  }
}
