import type { Command } from 'commander';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Recording } from '../drive/recording.ts';

export interface DriveOptions {
  readonly drive?: string;
  readonly camera?: string;
}

/** Names that an error shows at most. */
const MOST_SHOWN = 6;

/** Options that `chosenDrives` and opening a drive read. */
export function addDriveOptions(command: Command): Command {
  return command
    .option(
      '--drive <name>',
      'which one, where a folder or data set holds several: its name, or the number of its episode',
    )
    .option('--camera <name>', 'which camera, where a drive has several (default: its first)');
}

/** For `openRecording`. */
export function cameraOf({ camera }: DriveOptions): { readonly camera?: string } {
  return camera === undefined ? {} : { camera };
}

/** The drives that are meant. Throws RECORDING_UNKNOWN. */
export function chosenDrives(
  path: string,
  drives: readonly Recording[],
  { drive: wish }: DriveOptions,
): readonly Recording[] {
  if (wish === undefined) return drives;
  const found = drives.filter(({ id, name, key }) => [id, name, key].includes(wish));
  if (found.length > 0) return found;
  const names = drives.slice(0, MOST_SHOWN).map(({ name, key }) => key ?? name);
  throw new RoadgazeError(
    'RECORDING_UNKNOWN',
    `${path} holds no recording ${JSON.stringify(wish)}.`,
    drives.length === 0
      ? 'It holds none at all.'
      : `It holds ${names.join(', ')}${drives.length > MOST_SHOWN ? `, and ${drives.length - MOST_SHOWN} more` : ''}.`,
  );
}

/** Throws INPUT_NOT_FOUND where it is none, or several. */
export function onlyDrive(path: string, recordings: readonly Recording[]): Recording {
  const [first, ...others] = recordings;
  if (first && others.length === 0) return first;
  throw new RoadgazeError(
    'INPUT_NOT_FOUND',
    first
      ? `${path} holds ${1 + others.length} recordings, and one is taken at a time.`
      : `There is no recording in ${path}.`,
    first ? 'Choose one of them with --drive.' : 'Give a video or another drive.',
  );
}
