import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Program, ProgramOptions } from './program.ts';
import { RemoteProgram } from './remote-program.ts';
import type { SpawnerReply, SpawnerRequest, SystemError } from './spawner-messages.ts';

const ENDED: SystemError = {
  message: 'The process that starts programs has ended.',
  code: 'ECHILD',
  syscall: 'spawn',
};

/**
 * Starts programs through a small process of its own: this process may have much memory and little
 * time. That process ends with this one, and its programs with it; where it ends before, its
 * programs are killed, and the next program to be started brings another one.
 */
export class Spawner {
  readonly #programs = new Map<number, RemoteProgram>();
  /** Those that keep this process from ending. */
  readonly #held = new Set<number>();
  #process: ChildProcess | null = null;
  #next = 0;

  /** The process's id; null where none runs. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Before there is anything to start: the process comes up while other things are done. */
  warm(): void {
    try {
      this.#process ??= this.#fork();
    } catch {
      // The first program meets the same error, and tells it.
    }
  }

  /** Rejects with the system's error where the program cannot be started. */
  async start(file: string, args: readonly string[], options: ProgramOptions): Promise<Program> {
    const child = (this.#process ??= this.#fork());
    const id = this.#next++;
    const program = new RemoteProgram(id, options, {
      tell: (request) => this.#tell(child, request),
      hold: (isHeld) => this.#hold(child, id, isHeld),
    });
    this.#programs.set(id, program);
    program.hold(true);
    this.#tell(child, { type: 'start', id, file, args, options });
    return program.started;
  }

  #fork(): ChildProcess {
    const debugging = process.env['ROADGAZE_DEBUG'] === '1';
    const child = fork(fileURLToPath(new URL('./spawner-process.js', import.meta.url)), {
      execArgv: ['--max-old-space-size=256', '--max-semi-space-size=1'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', debugging ? 'inherit' : 'ignore', 'ipc'],
    });
    const gone = (cause: SystemError): void => {
      if (this.#process !== child) return;
      this.#process = null;
      // One that lives on without its channel would start nothing more.
      child.kill('SIGKILL');
      const programs = [...this.#programs.values()];
      this.#programs.clear();
      this.#held.clear();
      for (const program of programs) program.lose(cause);
    };
    child.on('error', gone);
    // Later than its end: what it has said before is read first.
    child.on('disconnect', () => gone(ENDED));
    child.on('message', (reply: SpawnerReply) => {
      this.#programs.get(reply.id)?.take(reply);
      if (reply.type !== 'closed' && reply.type !== 'failed') return;
      this.#programs.delete(reply.id);
      this.#hold(child, reply.id, false);
    });
    setHeld(child, false);
    return child;
  }

  #hold(child: ChildProcess, id: number, isHeld: boolean): void {
    if (isHeld) this.#held.add(id);
    else this.#held.delete(id);
    if (child === this.#process) setHeld(child, this.#held.size > 0);
  }

  #tell(child: ChildProcess, request: SpawnerRequest): void {
    // Where it cannot be told any more, its end tells the rest.
    if (child === this.#process && child.connected) child.send(request, () => {});
  }
}

/** Whether a child, and the way to it, keeps this process from ending. */
export function setHeld(child: ChildProcess, isHeld: boolean): void {
  if (isHeld) child.ref();
  else child.unref();
  if (isHeld) child.channel?.ref();
  else child.channel?.unref();
}
