import { join } from 'node:path';
import { reportOf } from '../../shared/errors.ts';
import type { RecordingSummary } from '../../shared/protocol/control-messages.ts';
import { openRecording } from '../drive/open-recording.ts';
import { placeAt } from '../drive/place.ts';
import { filesVersion } from '../files/files-version.ts';
import type { Recording } from '../drive/recording.ts';
import { givenFrameRate } from '../video/untold-rate.ts';

interface Kept {
  readonly version: string;
  readonly summary: Promise<RecordingSummary>;
}

const PROBES_AT_ONCE = 4;
/** A summary takes less than a kilobyte. */
const MOST_KEPT = 20_000;
/** Files of a folder whose change is noticed; a tub has some dozens beside its pictures. */
const MOST_WATCHED = 100;
const PICTURE = /\.(jpe?g|png|webp)$/i;

/**
 * What is told of recordings in the list. Every viewer who comes is told of all of them, so each is
 * opened only once as long as nothing of it changes.
 */
export class RecordingSummaries {
  readonly #kept = new Map<string, Kept>();

  /** In the same order; what cannot be opened comes with its error. */
  async of(recordings: readonly Recording[]): Promise<RecordingSummary[]> {
    const summaries = new Array<RecordingSummary>(recordings.length);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < recordings.length; at = next++)
        summaries[at] = await this.#summaryOf(recordings[at]!);
    };
    await Promise.all(Array.from({ length: PROBES_AT_ONCE }, worker));
    return summaries;
  }

  async #summaryOf(recording: Recording): Promise<RecordingSummary> {
    if (recording.fault) return withError(recording, recording.fault);
    const key = `${recording.path}\0${recording.key ?? ''}`;
    const version = await versionOf(recording);
    let kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept?.version !== version) kept = { version, summary: summaryOf(recording) };
    this.#kept.set(key, kept);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    const summary = await kept.summary;
    // What is wrong with a file stays so until it changes; anything else may be mended in a moment.
    const isOfFile = summary.error === null || /^(VIDEO|LOG|INPUT)_/.test(summary.error.code);
    if (!isOfFile && this.#kept.get(key) === kept) this.#kept.delete(key);
    return summary;
  }
}

async function summaryOf(recording: Recording): Promise<RecordingSummary> {
  try {
    const drive = await openRecording(recording);
    await drive.close();
    const { duration, width, height, averageFrameRate } = drive.video;
    return {
      id: recording.id,
      name: recording.name,
      durationSeconds: duration,
      size: { width, height },
      frameRate: averageFrameRate,
      hasLog: drive.hasLog,
      error: null,
    };
  } catch (error) {
    return withError(recording, error);
  }
}

function withError({ id, name, logPath }: Recording, error: unknown): RecordingSummary {
  return {
    id,
    name,
    durationSeconds: 0,
    size: { width: 0, height: 0 },
    frameRate: 0,
    hasLog: logPath !== null,
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
