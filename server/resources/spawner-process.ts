import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { GIVING_WAY } from './give-way.ts';
import { spawnHere } from './spawn-here.ts';
import {
  MOST_UNREAD,
  type OutputName,
  type SpawnerReply,
  type SpawnerRequest,
} from './spawner-messages.ts';

/**
 * The process that starts programs for another one, and ends them with it. It stays small, and so
 * starts them quickly.
 */
interface Running {
  readonly child: ChildProcess;
  readonly unread: Record<OutputName, number>;
}

const running = new Map<number, Running>();

const tell = (reply: SpawnerReply): void => {
  // Whoever asked may be gone, of which `disconnect` tells.
  process.send!(reply, undefined, undefined, () => {});
};

process.on('message', (request: SpawnerRequest) => {
  if (request.type === 'start') return void start(request);
  const program = running.get(request.id);
  if (program) pass(program, request);
});
process.on('disconnect', () => {
  for (const { child } of running.values()) child.kill('SIGKILL');
  process.exit();
});
// What reaches the whole group must not end this one before the programs.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

function pass({ child, unread }: Running, request: Exclude<SpawnerRequest, { type: 'start' }>) {
  switch (request.type) {
    case 'kill':
      child.kill(request.signal);
      break;
    case 'message':
      child.send(request.message as object, () => {});
      break;
    case 'write':
      child.stdin!.cork();
      for (const chunk of request.chunks.slice(0, -1)) child.stdin!.write(chunk);
      child.stdin!.write(request.chunks.at(-1)!, () => tell({ type: 'written', id: request.id }));
      child.stdin!.uncork();
      break;
    case 'finish':
      child.stdin!.end();
      break;
    case 'read':
      unread[request.stream] -= request.bytes;
      if (unread[request.stream] < MOST_UNREAD) child[request.stream]!.resume();
  }
}

async function start({
  id,
  file,
  args,
  options,
}: Extract<SpawnerRequest, { type: 'start' }>): Promise<void> {
  let child: ChildProcess;
  try {
    // Whoever serves goes before what is started for it.
    child = await spawnHere(file, args, options, GIVING_WAY);
  } catch (error) {
    const { message, code, syscall } = error as NodeJS.ErrnoException;
    return tell({ type: 'failed', id, error: { message, code, syscall } });
  }
  const program: Running = { child, unread: { stdout: 0, stderr: 0 } };
  running.set(id, program);
  tell({ type: 'started', id, pid: child.pid! });
  // Of a program that ends before it has read everything, its end tells.
  child.stdin?.on('error', () => {});
  if (child.stdout) hand(id, program, 'stdout', child.stdout);
  if (child.stderr) hand(id, program, 'stderr', child.stderr);
  child.on('message', (message) => tell({ type: 'message', id, message }));
  child.on('close', (code, signal) => {
    running.delete(id);
    tell({ type: 'closed', id, end: { code, signal } });
  });
}

function hand(id: number, { unread }: Running, stream: OutputName, output: Readable): void {
  output.on('data', (chunk: Buffer) => {
    tell({ type: 'printed', id, stream, chunk });
    unread[stream] += chunk.length;
    if (unread[stream] >= MOST_UNREAD) output.pause();
  });
}
