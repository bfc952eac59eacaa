import { clockParts, type ClockPart } from './clock-parts.ts';
import type { FrameIndex, VideoInfo } from './frame-source.ts';
import { listPackets, type Packet } from './packet-list.ts';
import { fileVersion, probeVideo, type ProbedVideo } from './probe.ts';
import { transportTimes } from './transport-times.ts';

/** What the packets of a file tell of its frames. */
interface Listing {
  readonly packets: readonly Pick<Packet, 'pts' | 'dts'>[];
  /** Empty where the clock runs on, and nobody needs to know where keyframes lie. */
  readonly parts: readonly ClockPart[];
}

/** Containers whose clock may be set back under way; the others would not be written so. */
const WITH_CLOCK = new Set(['mpegts', 'mpegtsraw', 'mpeg']);

/**
 * Timestamps from the packets of the file, without decoding: what an edit list hides is left out,
 * but damage, and packets that give no frame, are not seen; so `exact` is false. Throws what
 * `probeVideo` does.
 */
export async function readFrameIndex(path: string): Promise<FrameIndex> {
  const video = await probeVideo(path);
  const { packets, parts } = await list(video);
  const isWithClock = hasClock(video);
  let part = 0;
  const times = packets.flatMap(({ pts, dts }, number) => {
    while (parts[part + 1] && number >= parts[part + 1]!.begin) part++;
    // Containers without presentation times (AVI) have no reordered frames either.
    const time = Number.isNaN(pts) ? dts : pts;
    return Number.isNaN(time) ? [] : [time + (isWithClock ? (parts[part]?.shift ?? 0) : 0)];
  });
  const untimed = packets.length - times.length;
  const interval = intervalOf(video);
  // Packets without any time come before those that have one, or are all there is.
  const first = times.reduce(
    (earliest, time) => Math.min(earliest, time),
    times.length > 0 ? Infinity : video.startTime + untimed * interval,
  );
  for (let i = 1; i <= untimed; i++) times.push(first - i * interval);
  return {
    pts: Float64Array.from(times).sort(),
    exact: false,
    notes: isWithClock ? notesOf(parts) : [],
  };
}

/**
 * The video as its frames tell it: how long it lasts, where the file does not know, or its clock
 * starts again.
 */
export function timedBy<Video extends VideoInfo>(video: Video, { pts, notes }: FrameIndex): Video {
  if (pts.length === 0 || (video.duration > 0 && notes.length === 0)) return video;
  const interval = video.averageFrameRate > 0 ? 1 / video.averageFrameRate : 0;
  return { ...video, duration: pts.at(-1)! - pts[0]! + interval };
}

/**
 * Where the file's clock starts again; null where it runs on, or the container keeps it from being
 * set back. Throws what `probeVideo` does.
 */
export async function readClockParts(video: ProbedVideo): Promise<readonly ClockPart[] | null> {
  if (!hasClock(video)) return null;
  const { parts } = await list(video);
  return parts.length > 1 ? parts : null;
}

/**
 * Whether a file's packets lie in the order in which they are shown, and all have a time, on one
 * clock: the nth packet is then the nth frame of the index. Throws what `probeVideo` does.
 */
export async function isInOrder(video: ProbedVideo): Promise<boolean> {
  const { packets, parts } = await list(video);
  return parts.length < 2 && packets.every(({ pts }, i) => i === 0 || pts > packets[i - 1]!.pts);
}

const recent = new Map<string, Promise<Listing>>();
/** A listing of an hour takes about 10 MB. */
const RECENT = 4;

/** The last listings are kept as long as their files do not change: every seek asks for one. */
async function list(video: ProbedVideo): Promise<Listing> {
  const version = [await fileVersion(video.path), ...video.inputFormat].join('\0');
  let listing = recent.get(version);
  recent.delete(version);
  listing ??= listed(video);
  recent.set(version, listing);
  if (recent.size > RECENT) recent.delete(recent.keys().next().value!);
  listing.catch(() => recent.delete(version));
  return listing;
}

async function listed(video: ProbedVideo): Promise<Listing> {
  const times = video.container === 'mpegts' ? await transportTimes(video.path) : null;
  if (times) return { packets: Array.from(times, (pts) => ({ pts, dts: pts })), parts: [] };
  const packets = await listPackets(video);
  return { packets, parts: clockParts(packets, intervalOf(video)) };
}

function hasClock({ container }: ProbedVideo): boolean {
  return container.split(',').some((name) => WITH_CLOCK.has(name));
}

function intervalOf({ averageFrameRate }: ProbedVideo): number {
  return averageFrameRate > 0 ? 1 / averageFrameRate : 0;
}

function notesOf(parts: readonly ClockPart[]): string[] {
  if (parts.length < 2) return [];
  const places = parts.slice(1).map(({ first, shift }) => `${(first + shift).toFixed(3)} s`);
  const shown =
    places.length > 5 ? [...places.slice(0, 5), `${places.length - 5} more places`] : places;
  return [
    `The clock of the file starts again, is set back or jumps at ${shown.join(', ')}; times go on from there at the pictures' own distance.`,
  ];
}
