import { RoadgazeError } from '../../shared/errors.ts';
import { givenFrameRate } from '../video/untold-rate.ts';
import { readLogChoices } from './log/choices.ts';
import { withOtherCameras } from './other-cameras.ts';
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
  const place = await placeAt(path);
  const open = (wanted: string | undefined) =>
    reader.open(place, {
      key,
      ...(wanted === undefined ? {} : { camera: wanted }),
      ...(frameRate === undefined ? {} : { frameRate }),
      ...(signal ? { signal } : {}),
    });
  return withOtherCameras(await open(camera), open);
}

/**
 * The camera that was asked for; else the one that `preferred` names, where the drive has several and
 * that is one of them; else the first one. Throws as `openRecording`, and what `preferred` throws.
 */
export async function openPreferredCamera(
  recording: Recording,
  request: Pick<OpenDrive, 'camera' | 'signal'>,
  preferred: () => Promise<string | undefined>,
): Promise<DriveSource> {
  const drive = await openRecording(recording, request);
  if (request.camera !== undefined || drive.cameras.length === 1) return drive;
  try {
    const camera = await preferred();
    if (camera === drive.camera || !drive.cameras.some(({ id }) => id === camera)) return drive;
    await drive.close();
    return await openRecording(recording, { ...request, ...(camera ? { camera } : {}) });
  } catch (error) {
    await drive.close();
    throw error;
  }
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
