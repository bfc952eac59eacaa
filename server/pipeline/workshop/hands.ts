import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Program, ProgramEnd } from '../../resources/program.ts';
import { startProgram } from '../../resources/start-program.ts';
import type { WorkshopReply, WorkshopRequest } from './messages.ts';

/**
 * A process that waits for work is ended after so long: opening one thing is often followed by
 * opening another.
 */
const LINGER_MS = 60_000;

const PROGRAM = fileURLToPath(new URL('./workshop-process.js', import.meta.url));

/** Whoever has given a task to a process. */
interface Employer {
  replied(reply: WorkshopReply): void;
  ended(end: ProgramEnd): void;
}

/** A process of the workshop, which does one task after the other. */
export class Hand {
  readonly #program: Program;
  #employer: Employer | null = null;
  #isOver = false;

  private constructor(program: Program) {
    this.#program = program;
    program.channel!.take = (reply) => this.#employer?.replied(reply as WorkshopReply);
    void program.closed.then((end) => {
      this.#isOver = true;
      this.#employer?.ended(end);
    });
  }

  /** Rejects with the system's error. */
  static async start(): Promise<Hand> {
    const program = await startProgram(
      process.execPath,
      // Lists of numbers in a large file are long; the limit of memory is that of the whole process.
      ['--max-old-space-size=4096', PROGRAM],
      { pipes: process.env['ROADGAZE_DEBUG'] === '1' ? ['stderr'] : [], hasChannel: true },
    );
    program.stderr?.pipe(process.stderr, { end: false });
    try {
      // Frames that somebody watches come first.
      setPriority(program.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      /* Not everywhere may one process do so to another. */
    }
    return new Hand(program);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes one task at a time. */
  give(request: WorkshopRequest, employer: Employer): void {
    this.#employer = employer;
    this.#program.channel!.send(request);
  }

  /** Whatever becomes of it now is of no interest to whoever gave it the last task. */
  release(): void {
    this.#employer = null;
  }

  hold(isHeld: boolean): void {
    this.#program.hold(isHeld);
  }

  end(): void {
    this.#program.kill('SIGKILL');
  }
}

/** One that waits for work, or comes up. */
let idle: { readonly hand: Promise<Hand>; readonly timer: NodeJS.Timeout } | null = null;

/** Starts a process before there is work for it: it comes up while other things are done. */
export function warmWorkshop(): void {
  if (idle) return;
  const hand = Hand.start();
  letWait(hand);
  // Whoever takes it meets the error.
  hand.then(
    (started) => started.hold(false),
    () => {},
  );
}

/** Rejects with the system's error. */
export async function takeHand(): Promise<Hand> {
  const waiting = idle;
  idle = null;
  if (!waiting) return Hand.start();
  clearTimeout(waiting.timer);
  const hand = await waiting.hand.catch(() => null);
  if (!hand || hand.isOver) return Hand.start();
  hand.hold(true);
  return hand;
}

/** It waits for the next task, where none waits yet. */
export function giveBack(hand: Hand): void {
  hand.release();
  if (idle || hand.isOver) return hand.end();
  // It does not keep this process alive.
  hand.hold(false);
  letWait(Promise.resolve(hand));
}

function letWait(hand: Promise<Hand>): void {
  const timer = setTimeout(() => {
    idle = null;
    void hand.then(
      (started) => started.end(),
      () => {},
    );
  }, LINGER_MS).unref();
  idle = { hand, timer };
}
