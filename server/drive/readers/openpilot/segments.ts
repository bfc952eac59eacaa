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

/** A week. */
const MOST_SEGMENTS = 10_000;
const MOST_TRIED = 32;

/** A minute of a route. */
export interface Segment {
  readonly number: number;
  /** Relative to the place; '' is the place itself. */
  readonly folder: string;
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
  return { number: Number(SEGMENT.exec(name)?.[2] ?? 0), folder: '', names };
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
    segments.push({ number: Number(number), folder, names });
  }
  return [...routes]
    .map(([prefix, segments]) => ({
      prefix,
      segments: segments.sort((a, b) => a.number - b.number),
    }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
}

/** Its log of a kind, as it is packed; null: none. */
export function logOf({ names }: Segment, kind: 'rlog' | 'qlog'): string | null {
  return [`${kind}.zst`, `${kind}.bz2`, kind].find((name) => names.has(name)) ?? null;
}

/** A file of a segment, relative to the place. */
export function inSegment({ folder }: Segment, file: string): string {
  return folder === '' ? file : `${folder}/${file}`;
}
