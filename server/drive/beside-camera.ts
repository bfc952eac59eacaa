import { access } from 'node:fs/promises';
import { besideCamera, type Beside } from '../files/beside.ts';
import { openRecording } from './open-recording.ts';
import type { Recording } from './recording.ts';
import type { DriveSource } from './source.ts';

/**
 * What lies beside a recording, with the roads of the camera that a person asks for. Whether that is
 * the drive's first one is looked up only where it matters. Never throws.
 */
export async function besideAskedCamera(
  recording: Recording,
  camera: string | undefined,
): Promise<Beside> {
  const { beside } = recording;
  if (camera === undefined) return beside;
  const own = besideCamera(beside, camera);
  if ((await isRoadIn(own)) || !(await isRoadIn(beside))) return own;
  // Opening the drive meets the same error, and tells it.
  const drive = await openRecording(recording).catch(() => null);
  await drive?.close();
  return drive?.cameras[0]?.id === camera ? beside : own;
}

/** The same of the camera whose pictures a drive gives. */
export function besideOpenCamera(
  { beside }: Recording,
  { camera, cameras }: Pick<DriveSource, 'camera' | 'cameras'>,
): Beside {
  return camera === cameras[0]?.id ? beside : besideCamera(beside, camera);
}

async function isRoadIn({ road, cameraRoad }: Beside): Promise<boolean> {
  const there = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  return (await there(road)) || there(cameraRoad);
}
