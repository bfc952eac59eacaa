import { RoadgazeError } from '../../shared/errors.ts';
import { nameFault } from '../files/names.ts';

/** Why a file or folder that was named as a recording, or as a folder of them, cannot be looked into. */
export function notFound(path: string, error: unknown): RoadgazeError {
  const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
  return denied
    ? new RoadgazeError(
        'INPUT_NOT_FOUND',
        `${path} may not be read.`,
        'Give yourself permission to read it, or name another file or folder.',
        { cause: error },
      )
    : path.includes('\ufffd')
      ? nameFault(path)
      : new RoadgazeError(
          'INPUT_NOT_FOUND',
          `There is no file or folder ${path}.`,
          'Check the spelling; relative paths start at the folder that the command was started in.',
          { cause: error },
        );
}
