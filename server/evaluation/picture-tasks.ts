import { randomisation, type Randomisation, type RandomisedPlanes } from './randomisation.ts';
import { shiftedPictures, type ShiftRequest } from './shift-experiment.ts';
import { flippedPictures, type FlipRequest } from './symmetric-relevance-gain.ts';

/** What takes too long for the thread that runs everything else. */
export interface PictureTasks {
  flip(request: FlipRequest): Float32Array[];
  shift(request: ShiftRequest): Float32Array[];
  randomisation(request: RandomisedPlanes): Randomisation;
}

export type TaskName = keyof PictureTasks;
export type TaskRequest<Name extends TaskName> = Parameters<PictureTasks[Name]>[0];
export type TaskResult<Name extends TaskName> = ReturnType<PictureTasks[Name]>;

/** Does a task, here or elsewhere. */
export type RunTask = <Name extends TaskName>(
  name: Name,
  request: TaskRequest<Name>,
) => TaskResult<Name> | Promise<TaskResult<Name>>;

const tasks: PictureTasks = { flip: flippedPictures, shift: shiftedPictures, randomisation };

export function runTask<Name extends TaskName>(
  name: Name,
  request: TaskRequest<Name>,
): TaskResult<Name> {
  return (tasks[name] as (request: TaskRequest<Name>) => TaskResult<Name>)(request);
}
