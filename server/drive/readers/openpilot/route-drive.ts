import { join } from 'node:path';
import { logFromSeries, type SeriesOfDrive } from '../../log/series.ts';
import type { Place } from '../../place.ts';
import { sourceOfPictures } from '../../source-of-pictures.ts';
import type { Camera, DriveSource, OpenDrive } from '../../source.ts';
import { chosenCamera } from '../chosen-camera.ts';
import { filesVersion } from '../../../files/files-version.ts';
import type { LogContents } from './event-reader.ts';
import { RouteLogs } from './route-logs.ts';
import { CAMERAS, inSegment, logOf, type CameraKind, type Segment } from './segments.ts';
import { routePictures, type OpenedRoute } from './route-pictures.ts';
import { routeSignals } from './signals.ts';

/**
 * The segments of a route as one drive: frames follow one another by the clock of the log. At first
 * only the first segment is looked at. Throws RoadgazeError.
 */
export async function openRoute(
  title: string,
  place: Place,
  all: readonly Segment[],
  request: OpenDrive,
): Promise<DriveSource> {
  const { path } = place;
  const cameras: (Camera & CameraKind)[] = CAMERAS.filter(({ file }) =>
    all.some(({ names }) => names.has(file)),
  ).map((camera) => ({ ...camera, frames: null }));
  const id = chosenCamera(path, cameras, request.camera);
  const camera = cameras.find((each) => each.id === id)!;
  const logs = new RouteLogs(path);
  const stop = (): void => void logs.close();
  request.signal?.addEventListener('abort', stop, { once: true });
  try {
    const route: OpenedRoute = {
      place,
      logs,
      camera,
      segments: all.filter(({ names }) => names.has(camera.file)),
      frameRate: request.frameRate,
      told: [],
    };
    const { pictures, origin } = await routePictures(route);
    let zero = 0;
    const withLog = all.filter((each) => logOf(each, 'rlog') ?? logOf(each, 'qlog'));
    const files = withLog.flatMap((each) =>
      (['rlog', 'qlog'] as const).flatMap((kind) => {
        const name = logOf(each, kind);
        return name === null ? [] : [join(path, inSegment(each, name))];
      }),
    );
    const index = async () => {
      zero = (await origin()) ?? 0;
      return pictures.index();
    };
    return sourceOfPictures(
      { ...pictures, index },
      {
        format: title,
        path,
        cameras: cameras.map(({ id: own, title: shown, frames }) => ({
          id: own,
          title: shown,
          frames,
        })),
        camera: id,
        origin: () => zero,
        assumptions: route.told,
        log:
          withLog.length > 0
            ? async (choices) =>
                logFromSeries(await signalsOf(route, withLog, await origin()), choices)
            : null,
        version: () => filesVersion(files),
        close: () => logs.close(),
      },
    );
  } catch (error) {
    await logs.close();
    request.signal?.throwIfAborted();
    throw error;
  } finally {
    request.signal?.removeEventListener('abort', stop);
  }
}

async function signalsOf(
  { place, logs }: OpenedRoute,
  segments: readonly Segment[],
  origin: number | null,
): Promise<SeriesOfDrive> {
  const contents: LogContents[] = [];
  for (const segment of segments) {
    const found = await logs.contents(segment);
    if (found) contents.push(found);
  }
  return routeSignals(place.name, contents, origin, logs.notes);
}
