import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { reportOf, type ErrorReport } from '../../shared/errors.ts';
import type { Flag, FlagSettings } from '../../shared/flags.ts';
import { loggedIn } from '../../shared/protocol/columns.ts';
import type { FoundFlags } from '../analysis/flag-watch.ts';
import type { RowSeries } from '../analysis/row-series.ts';
import { writeDrawnRoad } from '../attention/road-file.ts';
import { besideFile } from '../files/beside.ts';
import { notWritable } from '../files/not-writable.ts';
import { cutRing, type Cut } from '../live/cut-ring.ts';
import { frameAt } from '../pipeline/player-frames.ts';
import { AnalysisFiles } from '../results/analysis-files.ts';
import type { Feed } from './feed.ts';
import { numbersOf } from './row-numbers.ts';

export interface ClipOptions {
  /** Made when the first clip is kept. */
  readonly folder: string;
  /** Of all clips in the folder; the oldest go first. */
  readonly maxClips: number;
  readonly maxBytes: number;
}

export interface KeptClip {
  readonly flag: Flag;
  /** Its name in the folder, without ending; null where `error` says why there is none. */
  readonly name: string | null;
  readonly error: ErrorReport | null;
}

/** Seconds before and after a flag. */
const ROLL = 5;
/** A flag that lasts longer is kept so far. */
const LONGEST = 60;
/** The ring is behind by so much (s). */
const WRITING = 2.5;

const NAME = /-(\d{8}T\d{9}Z)-(off-road|steers-wrong|pull|dead|disagreement)$/;

/**
 * Keeps a clip of each flag of a feed as a recording, with its analysis in a folder of the same
 * name beside it, and the road that was drawn.
 */
export class ClipKeeper {
  readonly #feed: Feed;
  readonly #settings: FlagSettings;
  readonly #options: ClipOptions;
  readonly #onKept: (clip: KeptClip) => void;
  readonly #leave: () => void;
  /** By start and kind, as they were when last seen, with the rows in which they were. */
  readonly #waiting = new Map<string, { readonly flag: Flag; readonly rows: RowSeries }>();
  /** Until the first of them is recorded to its end. */
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(
    feed: Feed,
    settings: FlagSettings,
    options: ClipOptions,
    onKept: (clip: KeptClip) => void,
  ) {
    this.#feed = feed;
    this.#settings = settings;
    this.#options = options;
    this.#onKept = onKept;
    this.#leave = feed.watchFlags(settings, (found) => this.#take(found));
  }

  /** Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#leave();
    clearTimeout(this.#timer);
    this.#waiting.clear();
    await this.#work;
  }

  #take({ flags, begun, rows }: FoundFlags): void {
    for (const flag of flags)
      if (begun.includes(flag) || this.#waiting.has(keyOf(flag)))
        this.#waiting.set(keyOf(flag), { flag, rows });
    this.#wait();
  }

  /** Until a flag's end is on disk; one that goes on meanwhile is waited for longer. */
  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.size === 0) return;
    const first = Math.min(...[...this.#waiting.values()].map(({ flag }) => recordedAt(flag)));
    this.#timer = setTimeout(() => this.#keepRecorded(), Math.max(0, first - Date.now()));
  }

  #keepRecorded(): void {
    for (const [key, { flag, rows }] of this.#waiting) {
      if (Date.now() < recordedAt(flag)) continue;
      this.#waiting.delete(key);
      this.#work = this.#work.then(() => this.#keep(flag, rows));
    }
    this.#wait();
  }

  async #keep(flag: Flag, rows: RowSeries): Promise<void> {
    const { folder } = this.#options;
    const name = `${this.#feed.name.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, 40)}-${new Date(flag.startPts * 1000).toISOString().replaceAll(/[-:.]/g, '')}-${flag.kind}`;
    try {
      await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
        throw notWritable(`No clips can be kept in ${folder}`, cause);
      });
      const output = join(folder, `${name}.mp4`);
      const cut = await cutRing(this.#feed.live.ring!, {
        start: flag.startPts - ROLL,
        end: lastOf(flag) + ROLL,
        around: flag.worstPts,
        output,
      });
      await this.#analysis(join(folder, name), flag, rows, cut);
      const { road } = this.#feed.explainer;
      if (road.kind === 'polygon')
        await writeDrawnRoad(besideFile(output), 'recording', {
          points: road.points,
          ...(road.margin === undefined ? {} : { margin: road.margin }),
        });
      await this.#makeRoom(name);
      this.#onKept({ flag, name, error: null });
    } catch (error) {
      // A clip without all that belongs to it is none.
      await this.#discard(name).catch(() => {});
      this.#onKept({ flag, name: null, error: reportOf(error) });
    }
  }

  /** The rows of the frames that were explained live, on the clip's own clock and frame numbers. */
  async #analysis(
    folder: string,
    flag: Flag,
    rows: RowSeries,
    { start, end, index }: Cut,
  ): Promise<void> {
    const position = (time: number) => frameAt(index, time - start);
    const { from, to } = rows.between(start, end);
    const columns = rows.slice(Math.max(from, rows.start), to);
    const there = loggedIn(columns);
    const files = await AnalysisFiles.create(folder, { ...rows.network, there });
    try {
      const numbers = numbersOf(columns);
      for (const row of numbers)
        await files.writeFrame({ ...row, frame: position(row.pts), pts: row.pts - start });
      const moved: Flag = {
        ...flag,
        startPts: flag.startPts - start,
        endPts: flag.endPts - start,
        worstPts: flag.worstPts - start,
        startFrame: position(flag.startPts),
        endFrame: position(flag.endPts),
        worstFrame: position(flag.worstPts),
      };
      const { name, digest, output } = rows.network;
      await files.finish(
        { settings: this.#settings, flags: [moved] },
        {
          feed: { name: this.#feed.name, address: this.#feed.label },
          startedAt: new Date(start * 1000).toISOString(),
          network: { name, digest, ...output },
          methods: rows.network.methods,
          frames: { recorded: index.pts.length, explained: numbers.length },
        },
      );
    } finally {
      await files.abandon();
    }
  }

  async #discard(name: string): Promise<void> {
    const { folder } = this.#options;
    const video = join(folder, `${name}.mp4`);
    await Promise.all([
      rm(video, { force: true }),
      rm(besideFile(video).road, { force: true }),
      rm(join(folder, name), { recursive: true, force: true }),
    ]);
  }

  async #makeRoom(newest: string): Promise<void> {
    const { folder, maxClips, maxBytes } = this.#options;
    const names = (await readdir(folder))
      .filter((file) => file.endsWith('.mp4'))
      .map((file) => file.slice(0, -'.mp4'.length))
      .filter((name) => NAME.test(name));
    const clips = await Promise.all(
      names.map(async (name) => ({
        name,
        taken: NAME.exec(name)![1]!,
        bytes: (await stat(join(folder, `${name}.mp4`))).size,
      })),
    );
    clips.sort((a, b) => (a.taken < b.taken ? -1 : 1));
    let bytes = clips.reduce((sum, clip) => sum + clip.bytes, 0);
    let count = clips.length;
    for (const clip of clips) {
      if ((count <= maxClips && bytes <= maxBytes) || clip.name === newest) return;
      await this.#discard(clip.name);
      count--;
      bytes -= clip.bytes;
    }
  }
}

function keyOf({ kind, startPts }: Flag): string {
  return `${kind} ${startPts}`;
}

/** When the ring has all of its clip; ms since 1970. */
function recordedAt(flag: Flag): number {
  return (lastOf(flag) + ROLL + WRITING) * 1000;
}

function lastOf({ startPts, endPts }: Flag): number {
  return Math.min(endPts, startPts + LONGEST);
}
