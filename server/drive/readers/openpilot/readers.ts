import { RoadgazeError } from '../../../../shared/errors.ts';
import type {
  DriveEntry,
  DriveOutline,
  DriveReader,
  DriveSource,
  OpenDrive,
} from '../../source.ts';
import type { Place } from '../../place.ts';
import {
  CAMERAS,
  ownSegment,
  partsOfSegments,
  routesIn,
  type Route,
  type Segment,
} from './segments.ts';

const ROUTE_TITLE = 'a route of openpilot';
const SEGMENT_TITLE = 'a segment of openpilot';

/** A folder with one or several routes, each a folder a minute, or all of them in files. */
export const OPENPILOT_ROUTE: DriveReader = {
  id: 'openpilot',
  title: ROUTE_TITLE,
  async recognises(place) {
    if (!place.isFolder) return null;
    const routes = await routesIn(place);
    if (routes.length === 0) return null;
    return routes.map(({ prefix, segments }) =>
      entry(
        routes.length > 1 ? prefix : null,
        prefix && routes.length > 1 ? prefix : place.name,
        segments,
      ),
    );
  },
  async partsOf(place) {
    const routes = await routesIn(place);
    return new Set(routes.flatMap(({ segments }) => partsOfSegments(segments)));
  },
  async outline(place, key) {
    return outline(place, (await routeOf(place, key)).segments);
  },
  async open(place, request) {
    const route = await routeOf(place, request.key);
    return opened(ROUTE_TITLE, place, route.segments, request);
  },
};

/** One minute of a route, by itself. */
export const OPENPILOT_SEGMENT: DriveReader = {
  id: 'openpilot-segment',
  title: SEGMENT_TITLE,
  ownsVideos: true,
  async recognises(place) {
    const segment = ownSegment(place);
    return segment && [entry(null, place.name, [segment])];
  },
  async outline(place) {
    const segment = ownSegment(place);
    return segment && outline(place, [segment]);
  },
  async open(place, request) {
    const segment = ownSegment(place);
    if (!segment) throw gone(place.name);
    return opened(SEGMENT_TITLE, place, [segment], request);
  },
};

/** What is needed of routes only is loaded with the first one. */
async function outline(place: Place, segments: readonly Segment[]): Promise<DriveOutline | null> {
  const { outlineOfRoute } = await import('./outline.ts');
  return outlineOfRoute(place, segments);
}

async function opened(
  title: string,
  place: Place,
  segments: readonly Segment[],
  request: OpenDrive,
): Promise<DriveSource> {
  const { openRoute } = await import('./route-drive.ts');
  return openRoute(title, place, segments, request);
}

/** Throws INPUT_NOT_FOUND. */
async function routeOf(place: Place, key: string | null): Promise<Route> {
  const routes = await routesIn(place);
  const route = routes.find(({ prefix }) => key === null || prefix === key);
  if (!route) throw gone(place.name);
  return route;
}

function entry(key: string | null, name: string, segments: readonly Segment[]): DriveEntry {
  const hasCamera = segments.some(({ names }) => CAMERAS.some(({ file }) => names.has(file)));
  return { key, name, ...(hasCamera ? {} : { fault: withoutCamera(name) }) };
}

function withoutCamera(name: string): RoadgazeError {
  return new RoadgazeError(
    'VIDEO_NO_PICTURE',
    `${name} has logs of openpilot, but no video.`,
    `Copy ${CAMERAS.map(({ file }) => file).join(', ')} or one of them beside the logs.`,
  );
}

function gone(name: string): RoadgazeError {
  return new RoadgazeError(
    'INPUT_NOT_FOUND',
    `${name} has no segment of openpilot any more.`,
    'Check that it was not moved.',
  );
}
