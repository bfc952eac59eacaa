import { RoadgazeError } from '../../shared/errors.ts';
import { givenFrameRate } from '../video/untold-rate.ts';
import { readLogChoices } from './log/choices.ts';
import { placeAt } from './place.ts';
import type { Recording } from './recording.ts';
import type { DriveSource, OpenDrive } from './source.ts';

/**
 * Opens a recording through the reader that knows it. Frames a second of what tells none are those
 * of the command line, else those kept beside the recording. Throws what keeps it from being opened.
 */
export async function openRecording(
  recording: Recording,
  { camera, signal }: Pick<OpenDrive, 'camera' | 'signal'> = {},
): Promise<DriveSource> {
  const { reader, fault, path, key, beside } = recording;
  if (fault) throw fault;
  const frameRate =
    givenFrameRate() ??
    // What is wrong with that file is told where it is read for the log.
    (await readLogChoices(beside.logChoices).catch(() => null))?.fps;
  return reader.open(await placeAt(path), {
    key,
    ...(camera === undefined ? {} : { camera }),
    ...(frameRate === undefined ? {} : { frameRate }),
    ...(signal ? { signal } : {}),
  });
}

/**
 * Whether somebody must say how many frames a second a recording has. Throws what opening throws,
 * but not for want of the rate.
 */
export async function asksForRate({ reader, fault, path, key }: Recording): Promise<boolean> {
  if (fault) throw fault;
  const place = await placeAt(path);
  if (reader.asksForRate) return reader.asksForRate(place);
  try {
    const drive = await reader.open(place, { key });
    await drive.close();
    return false;
  } catch (error) {
    if (error instanceof RoadgazeError && error.code === 'VIDEO_RATE_UNKNOWN') return true;
    throw error;
  }
}
