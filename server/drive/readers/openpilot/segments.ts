import type { Place } from '../../place.ts';
import type { CameraClock } from './event-fields.ts';

/** Cameras in the order in which one is taken where nobody chooses. */
export const CAMERAS = [
  { id: 'fcamera', file: 'fcamera.hevc', title: 'road', clocks: ['road'] },
  { id: 'qcamera', file: 'qcamera.ts', title: 'road, small', clocks: ['small', 'road'] },
  { id: 'ecamera', file: 'ecamera.hevc', title: 'wide road', clocks: ['wide'] },
  { id: 'dcamera', file: 'dcamera.hevc', title: 'driver', clocks: ['driver'] },
] as const satisfies readonly CameraKind[];

export interface CameraKind {
  readonly id: string;
  readonly file: string;
  readonly title: string;
  /** Whose frame clock is the camera's, the first that a log has. */
  readonly clocks: readonly CameraClock[];
}

const LOG = /^[rq]log(\.bz2|\.zst)?$/;
/** `<dongle>|<log id>--<number>`, or the number alone below the route. */
const SEGMENT = /^(?:(.+)--)?(\d{1,6})$/;
/** `<dongle>|<log id>--<number>--rlog.zst`: all segments in one folder. */
const FLAT = /^((.+)--(\d{1,6})--)((?:[rq]log(?:\.bz2|\.zst)?)|qcamera\.ts|[fed]camera\.hevc)$/;

/** A week. */
const MOST_SEGMENTS = 10_000;
const MOST_TRIED = 32;

/** A minute of a route. */
export interface Segment {
  readonly number: number;
  /** Relative to the place; '' is the place itself. */
  readonly folder: string;
  /** What the names of its files begin with; '' where they lie in a folder of their own. */
  readonly prefix: string;
  /** Without the prefix. */
  readonly names: ReadonlySet<string>;
}

export interface Route {
  /** What the names of its segments begin with; '' where they are numbers. */
  readonly prefix: string;
  readonly segments: readonly Segment[];
}

/** Whether a folder is a segment by the names of its files. */
function isSegment(names: ReadonlySet<string>): boolean {
  return CAMERAS.some(({ file }) => names.has(file)) || [...names].some((name) => LOG.test(name));
}

/** The segment that a place itself is; null: none. */
export function ownSegment({ name, names, isFolder }: Place): Segment | null {
  if (!isFolder || !isSegment(names)) return null;
  return { number: Number(SEGMENT.exec(name)?.[2] ?? 0), folder: '', prefix: '', names };
}

/** The routes whose segments lie in a place, by their names; of each the segments in their order. */
export async function routesIn(place: Place): Promise<Route[]> {
  const routes = new Map<string, Segment[]>();
  const folders = [...place.names].filter((name) => SEGMENT.test(name)).slice(0, MOST_SEGMENTS);
  for (const [looked, folder] of folders.entries()) {
    // Folders may have numbers for names for many reasons.
    if (looked === MOST_TRIED && routes.size === 0) break;
    const [, prefix = '', number] = SEGMENT.exec(folder)!;
    const names = await place.namesOf(folder);
    if (!isSegment(names)) continue;
    const segments = routes.get(prefix) ?? [];
    routes.set(prefix, segments);
    segments.push({ number: Number(number), folder, prefix: '', names });
  }
  for (const [prefix, flat] of flatSegments(place))
    routes.set(prefix, [...(routes.get(prefix) ?? []), ...flat]);
  return [...routes]
    .map(([prefix, segments]) => ({
      prefix,
      segments: segments.sort((a, b) => a.number - b.number),
    }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

/** Segments whose files lie in the place itself, by their route. */
function flatSegments({ names }: Place): Map<string, Segment[]> {
  const files = new Map<string, Set<string>>();
  const routes = new Map<string, Segment[]>();
  for (const name of names) {
    const [, prefix, route, number, file] = FLAT.exec(name) ?? [];
    if (prefix === undefined) continue;
    let own = files.get(prefix);
    if (!own) {
      if (files.size === MOST_SEGMENTS) break;
      files.set(prefix, (own = new Set()));
      const segments = routes.get(route!) ?? [];
      routes.set(route!, segments);
      segments.push({ number: Number(number), folder: '', prefix, names: own });
    }
    own.add(file!);
  }
  return routes;
}

/** What of a place its segments are. */
export function partsOfSegments(segments: readonly Segment[]): string[] {
  return segments.flatMap(({ folder, prefix, names }) =>
    folder === '' ? [...names].map((name) => prefix + name) : [folder],
  );
}

/** Its log of a kind, as it is packed; null: none. */
export function logOf({ names }: Segment, kind: 'rlog' | 'qlog'): string | null {
  return [`${kind}.zst`, `${kind}.bz2`, kind].find((name) => names.has(name)) ?? null;
}

/** A file of a segment, relative to the place. */
export function inSegment({ folder, prefix }: Segment, file: string): string {
  return folder === '' ? prefix + file : `${folder}/${file}`;
}
