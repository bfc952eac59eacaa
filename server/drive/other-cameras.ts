import type { DriveSource } from './source.ts';

/**
 * Gives a drive that was just opened the way to its other cameras, which close with it. `open` opens
 * the same drive with another camera.
 */
export function withOtherCameras(
  drive: DriveSource,
  open: (camera: string) => Promise<DriveSource>,
): DriveSource {
  const close = drive.close.bind(drive);
  const opened = new Map<string, Promise<DriveSource>>();
  return Object.assign(drive, {
    ofCamera(camera: string): Promise<DriveSource> {
      if (camera === drive.camera) return Promise.resolve(drive);
      const opening = opened.get(camera) ?? open(camera);
      opened.set(camera, opening);
      opening.catch(() => opened.delete(camera));
      return opening;
    },
    async close(): Promise<void> {
      const others = [...opened.values()];
      opened.clear();
      await Promise.all(
        others.map((opening) =>
          opening.then(
            (other) => other.close(),
            () => {},
          ),
        ),
      );
      await close();
    },
  });
}
