import { parentPort } from 'node:worker_threads';
import { runTask, type TaskName, type TaskRequest } from './picture-tasks.ts';

export interface ThreadMessage {
  readonly name: TaskName;
  readonly request: TaskRequest<TaskName>;
}

parentPort!.on('message', ({ name, request }: ThreadMessage) => {
  const result = runTask(name, request);
  const moved = Array.isArray(result) ? result.map(({ buffer }) => buffer as ArrayBuffer) : [];
  parentPort!.postMessage(result, moved);
});
