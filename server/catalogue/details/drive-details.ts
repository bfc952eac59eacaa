import { join } from 'node:path';
import { reportOf, type ErrorReport } from '../../../shared/errors.ts';
import type { Size } from '../../../shared/geometry.ts';
import type { RecordingSummary } from '../../../shared/protocol/control-messages.ts';
import { logBeside } from '../../drive/log/log-beside.ts';
import { signalsOfLog } from '../../drive/log/plan-of-log.ts';
import { openRecording } from '../../drive/open-recording.ts';
import { placeAt } from '../../drive/place.ts';
import type { Recording } from '../../drive/recording.ts';
import type { DriveOutline } from '../../drive/source.ts';
import { filesVersion } from '../../files/files-version.ts';
import { Bell } from '../../pipeline/player-bell.ts';
import { fewAtOnce } from '../../resources/few-at-once.ts';
import { WorkLane } from '../../resources/work-lane.ts';
import { givenFrameRate } from '../../video/untold-rate.ts';

/** What a list tells of a drive, as far as it is known without going through it. */
export interface DriveDetails {
  /** null: not known before all of it was read. */
  readonly durationSeconds: number | null;
  /** 0 by 0: not known. */
  readonly size: Size;
  /** 0: not known. */
  readonly frameRate: number;
  readonly hasLog: boolean;
  readonly cameras: readonly string[];
  readonly signals: readonly string[];
  readonly error: ErrorReport | null;
}

/** Details as they are kept between two runs. */
export interface KeptDetails {
  readonly key: string;
  readonly version: string;
  readonly details: DriveDetails;
}

interface Kept {
  readonly version: string;
  readonly reading: Promise<DriveDetails>;
  details: DriveDetails | null;
}

const AT_ONCE = 4;
/** Details take less than a kilobyte. */
const MOST_KEPT = 100_000;
const MOST_NAMES = 40;
const LONGEST_NAME = 80;
/** Files of a folder whose change is noticed; a tub has some dozens beside its pictures. */
const MOST_WATCHED = 100;
const PICTURE = /\.(jpe?g|png|webp)$/i;

/**
 * What is told of drives in a list. Each is looked into only once as long as nothing of it changes.
 */
export class DetailsReader {
  /** Rings when details were read. */
  readonly changed = new Bell();
  readonly #kept = new Map<string, Kept>();
  readonly #lane = new WorkLane({
    what: `looks into ${AT_ONCE} drives`,
    places: AT_ONCE,
    waiting: Infinity,
    patience: 2 ** 31 - 1,
  });

  /** As they were read last; null: they were not. */
  known(recording: Pick<Recording, 'path' | 'key'>): DriveDetails | null {
    return this.#kept.get(keyOf(recording))?.details ?? null;
  }

  /** Drives of which something is known. */
  get count(): number {
    return this.#kept.size;
  }

  /** Of recordings in the same order; what cannot be opened comes with its error. */
  summaries(recordings: readonly Recording[]): Promise<RecordingSummary[]> {
    return fewAtOnce(recordings, AT_ONCE, async (recording) =>
      summaryOf(recording, await this.read(recording)),
    );
  }

  /** Reads them, unless they are known and nothing has changed. Never throws. */
  async read(recording: Recording): Promise<DriveDetails> {
    if (recording.fault) return withError(recording, recording.fault);
    const key = keyOf(recording);
    const version = await versionOf(recording);
    let kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept?.version !== version) {
      const read: Kept = {
        version,
        reading: this.#lane.run(() => detailsOf(recording)),
        details: kept?.details ?? null,
      };
      kept = read;
      void read.reading.then((details) => {
        read.details = details;
        this.changed.ring();
      });
    }
    this.#kept.set(key, kept);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    const details = await kept.reading;
    // What is wrong with a file stays so until it changes; anything else may be mended in a moment.
    const isOfFile = details.error === null || /^(VIDEO|LOG|INPUT|DRIVE)_/.test(details.error.code);
    if (!isOfFile && this.#kept.get(key) === kept) this.#kept.delete(key);
    return details;
  }

  /** What is to be kept for the next run. */
  *entries(): Generator<KeptDetails> {
    for (const [key, { version, details }] of this.#kept)
      if (details) yield { key, version, details };
  }

  restore(entries: Iterable<KeptDetails>): void {
    for (const { key, version, details } of entries)
      if (!this.#kept.has(key))
        this.#kept.set(key, { version, details, reading: Promise.resolve(details) });
  }
}

/** As the header of the page and `opened` tell it. */
export function summaryOf(
  { id, name }: Pick<Recording, 'id' | 'name'>,
  { durationSeconds, size, frameRate, hasLog, error }: DriveDetails,
): RecordingSummary {
  return { id, name, durationSeconds: durationSeconds ?? 0, size, frameRate, hasLog, error };
}

function keyOf({ path, key }: Pick<Recording, 'path' | 'key'>): string {
  return `${path}\0${key ?? ''}`;
}

async function detailsOf(recording: Recording): Promise<DriveDetails> {
  try {
    return bounded((await outlineOf(recording)) ?? (await openedOutline(recording)));
  } catch (error) {
    return withError(recording, error);
  }
}

async function outlineOf({ reader, path, key }: Recording): Promise<DriveOutline | null> {
  return reader.outline ? reader.outline(await placeAt(path), key) : null;
}

async function openedOutline(recording: Recording): Promise<DriveOutline> {
  const drive = await openRecording(recording);
  await drive.close();
  const { duration, width, height, averageFrameRate } = drive.video;
  const log = drive.hasLog ? await logBeside(recording.path, recording.beside) : null;
  return {
    durationSeconds: duration > 0 ? duration : null,
    size: { width, height },
    frameRate: averageFrameRate,
    hasLog: drive.hasLog,
    cameras: drive.cameras.map(({ title }) => title),
    signals: log === null ? [] : await signalsOfLog(log),
  };
}

function bounded({ durationSeconds, hasLog, ...told }: DriveOutline): DriveDetails {
  const { size = { width: 0, height: 0 }, frameRate = 0, cameras, signals } = told;
  const few = (names: readonly string[]): string[] =>
    names.slice(0, MOST_NAMES).map((name) => name.slice(0, LONGEST_NAME));
  const isKnown = durationSeconds !== null && Number.isFinite(durationSeconds);
  return {
    durationSeconds: isKnown ? durationSeconds : null,
    size,
    frameRate,
    hasLog,
    cameras: few(cameras),
    signals: few(signals),
    error: null,
  };
}

function withError({ logPath }: Recording, error: unknown): DriveDetails {
  return {
    durationSeconds: null,
    size: { width: 0, height: 0 },
    frameRate: 0,
    hasLog: logPath !== null,
    cameras: [],
    signals: [],
    error: reportOf(error),
  };
}

/** Another one as soon as the recording's files change, or what a person says of its times. */
async function versionOf({ path, beside }: Recording): Promise<string> {
  const names = await placeAt(path).then(
    (place) => [...place.names],
    () => [],
  );
  const watched = names.filter((name) => !PICTURE.test(name)).slice(0, MOST_WATCHED);
  const files = [path, beside.log, beside.logChoices, ...watched.map((name) => join(path, name))];
  return `${givenFrameRate()}\0${names.length}\0${await filesVersion(files)}`;
}
