import { Readable, Writable } from 'node:stream';
import type { Channel, Program, ProgramEnd, ProgramOptions } from './program.ts';
import {
  MOST_UNREAD,
  type OutputName,
  type SpawnerReply,
  type SpawnerRequest,
  type SystemError,
} from './spawner-messages.ts';

/** What an end of the spawner does to the programs that it has started. */
const KILLED: ProgramEnd = { code: null, signal: 'SIGKILL' };

export interface SpawnerSide {
  tell(this: void, request: SpawnerRequest): void;
  /** Whether the program keeps this process from ending. */
  hold(this: void, isHeld: boolean): void;
}

/**
 * What has come of a program that the spawner starts. Several replies may come in one turn, before
 * anybody who waits for the first of them goes on: so each is kept as a state, and none is an event
 * that can be missed.
 */
export class RemoteProgram implements Program {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  readonly channel: Channel | null;
  /** Rejects with the system's error. */
  readonly started: Promise<Program>;
  readonly closed: Promise<ProgramEnd>;
  readonly #id: number;
  readonly #tell: (request: SpawnerRequest) => void;
  readonly #hold: (isHeld: boolean) => void;
  /** Bytes that have come and of which the spawner does not know yet that they are read. */
  readonly #unsaid: Record<OutputName, number> = { stdout: 0, stderr: 0 };
  #pid = 0;
  #isOver = false;
  #begin: () => void = () => {};
  #fail: (error: Error) => void = () => {};
  #end: (end: ProgramEnd) => void = () => {};
  #written: (() => void) | null = null;

  constructor(
    id: number,
    { pipes, hasChannel = false }: ProgramOptions,
    { tell, hold }: SpawnerSide,
  ) {
    this.#id = id;
    this.#tell = tell;
    this.#hold = hold;
    this.channel = hasChannel
      ? { send: (message) => tell({ type: 'message', id, message }), take: null }
      : null;
    this.stdin = pipes.includes('stdin') ? this.#input() : null;
    this.stdout = pipes.includes('stdout') ? this.#output('stdout') : null;
    this.stderr = pipes.includes('stderr') ? this.#output('stderr') : null;
    this.started = new Promise((resolve, reject) => {
      this.#begin = () => resolve(this);
      this.#fail = reject;
    });
    const outputs = [this.stdout, this.stderr].filter((output) => output !== null);
    const read = outputs.map((output) => new Promise((resolve) => output.once('close', resolve)));
    const ended = new Promise<ProgramEnd>((resolve) => (this.#end = resolve));
    this.closed = Promise.all([ended, ...read]).then(([end]) => end);
  }

  get pid(): number {
    return this.#pid;
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#isOver) this.#tell({ type: 'kill', id: this.#id, signal });
  }

  hold(isHeld: boolean): void {
    if (!this.#isOver) this.#hold(isHeld);
  }

  take(reply: SpawnerReply): void {
    if (reply.type === 'started') {
      this.#pid = reply.pid;
      this.#begin();
    } else if (reply.type === 'failed') this.#fail(systemError(reply.error));
    else if (reply.type === 'closed') this.#close(reply.end);
    else if (reply.type === 'written') this.#continue();
    else if (reply.type === 'message') this.channel?.take?.(reply.message);
    else if (!this[reply.stream]!.destroyed) {
      this.#unsaid[reply.stream] += reply.chunk.length;
      this[reply.stream]!.push(reply.chunk);
    }
  }

  /** The spawner has ended. */
  lose(cause: SystemError): void {
    if (this.#pid === 0) return this.#fail(systemError(cause));
    try {
      process.kill(this.#pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    this.#close(KILLED);
  }

  #close(end: ProgramEnd): void {
    this.#isOver = true;
    this.stdin?.destroy();
    for (const output of [this.stdout, this.stderr]) if (!output?.destroyed) output?.push(null);
    this.#end(end);
  }

  #input(): Writable {
    const write = (chunks: readonly Uint8Array[], done: () => void): void => {
      this.#written = done;
      this.#tell({ type: 'write', id: this.#id, chunks });
    };
    return new Writable({
      write: (chunk: Uint8Array, _encoding, done) => write([chunk], done),
      writev: (all, done) =>
        write(
          all.map(({ chunk }) => chunk as Uint8Array),
          done,
        ),
      destroy: (error, done) => {
        if (!this.#isOver) this.#tell({ type: 'finish', id: this.#id });
        done(error);
      },
    });
  }

  #continue(): void {
    const written = this.#written;
    this.#written = null;
    written?.();
  }

  #output(stream: OutputName): Readable {
    return new Readable({
      read: () => {
        if (this.#unsaid[stream] >= MOST_UNREAD / 2) this.#sayRead(stream, this.#unsaid[stream]);
      },
      destroy: (error, done) => {
        // Whatever still comes is not read, and must not keep the program waiting.
        this.#sayRead(stream, Infinity);
        done(error);
      },
    });
  }

  #sayRead(stream: OutputName, bytes: number): void {
    this.#unsaid[stream] = 0;
    if (!this.#isOver) this.#tell({ type: 'read', id: this.#id, stream, bytes });
  }
}

function systemError({ message, code, syscall }: SystemError): Error {
  return Object.assign(new Error(message), { code, syscall });
}
