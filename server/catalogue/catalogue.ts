import { basename } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import type { RecordingSummary } from '../../shared/protocol/control-messages.ts';
import type { LogAnswers } from '../../shared/protocol/steering-messages.ts';
import { roadOfRecording } from '../attention/road-file.ts';
import { GUESSED_ROAD, type RoadSpecification } from '../attention/road-specification.ts';
import { readLogChoices, writeLogChoices, type LogChoices } from '../drive/log/choices.ts';
import { besideAskedCamera } from '../drive/beside-camera.ts';
import { asksForRate } from '../drive/open-recording.ts';
import type { Recording } from '../drive/recording.ts';
import { givenFrameRate } from '../video/untold-rate.ts';
import { Drives, type DrivePaths } from './drives.ts';
import { NetworkList, type Network, type NetworkPaths } from './networks.ts';

export interface CataloguePaths extends DrivePaths, NetworkPaths {
  /** What the user said of drive logs; it goes before what is kept beside each. */
  readonly log?: LogChoices;
  /** What the user asked for; null: as `roadOfRecording` says. */
  readonly road: RoadSpecification | null;
}

/** The recordings and networks that a viewer can choose from, and what a person said of them. */
export class Catalogue {
  readonly drives: Drives;
  readonly #paths: CataloguePaths;
  readonly #networks: NetworkList;

  constructor(paths: CataloguePaths) {
    this.#paths = paths;
    this.drives = new Drives(paths);
    this.#networks = new NetworkList(paths);
  }

  /** The first recordings, as `Drives.first`. Throws INPUT_NOT_FOUND. */
  recordings(): Promise<RecordingSummary[]> {
    return this.drives.first();
  }

  /** The networks that steer. Throws INPUT_NOT_FOUND. */
  networks(): Promise<Network[]> {
    return this.#networks.steering();
  }

  /** Throws RECORDING_UNKNOWN, DRIVE_UNSUPPORTED. */
  recording(id: string): Promise<Recording> {
    return this.drives.find(id);
  }

  /** Throws NETWORK_UNKNOWN. */
  async network(id: string): Promise<Network> {
    const network = (await this.networks()).find(({ summary }) => summary.id === id);
    if (network) return network;
    throw new RoadgazeError(
      'NETWORK_UNKNOWN',
      `There is no network "${id}" any more.`,
      'Choose another network from the list.',
    );
  }

  /**
   * The road was named when the server was started, and holds for all recordings; a guess gives way
   * to a road that somebody draws.
   */
  get isRoadGiven(): boolean {
    return this.#paths.road !== null && this.#paths.road.kind !== 'guess';
  }

  /** Of a camera; the drive's first one without. Throws ROAD_INVALID where a drawn road cannot be used. */
  async roadOf(recording: Recording, camera?: string): Promise<RoadSpecification> {
    const { road } = this.#paths;
    if (road && road.kind !== 'guess') return road;
    const { truthPath } = recording;
    const beside = await besideAskedCamera(recording, camera);
    if (!road) return roadOfRecording({ beside, truthPath }, () => this.#networks.road());
    const drawn = await roadOfRecording({ beside, truthPath: null }, async () => null);
    return drawn.kind === 'guess' ? road : drawn;
  }

  /** Throws LOG_INVALID where what is kept beside the recording cannot be used. */
  async logChoicesOf({ beside }: Recording): Promise<LogChoices> {
    return { ...(await readLogChoices(beside.logChoices)), ...this.#paths.log };
  }

  /**
   * Keeps what a person says of a recording's log. Throws USAGE where it would not be used,
   * OUTPUT_NOT_WRITABLE.
   */
  async keepLogAnswers({ beside }: Recording, answers: LogAnswers): Promise<void> {
    for (const [field, { what, option }] of Object.entries(LOG_OPTIONS))
      if (field in answers && this.#paths.log?.[field as keyof LogAnswers] !== undefined)
        throw new RoadgazeError(
          'USAGE',
          `The ${what} of logs was named by ${option} when the server was started, and another would not be used.`,
          `Start it again without ${option}.`,
        );
    await keepChoices(beside.logChoices, answers);
  }

  /**
   * Keeps how many frames a recording has a second whose stream tells none. Throws
   * RECORDING_UNKNOWN, what probing throws, USAGE where it would not be used, OUTPUT_NOT_WRITABLE.
   */
  async keepFrameRate(recordingId: string, fps: number): Promise<void> {
    const recording = await this.recording(recordingId);
    const { path, beside } = recording;
    if (!(await asksForRate(recording)))
      throw new RoadgazeError(
        'USAGE',
        `${basename(path)} tells when its frames were taken, and another frame rate would not be used.`,
        'Open it as it is.',
      );
    if (givenFrameRate() !== null)
      throw new RoadgazeError(
        'USAGE',
        'The frame rate of streams that tell none was named by --fps when the server was started, and another would not be used.',
        'Start it again without --fps.',
      );
    await keepChoices(beside.logChoices, { fps });
  }

  /** Of live feeds for which nobody has drawn one. */
  async roadOfFeeds(): Promise<RoadSpecification> {
    if (this.#paths.road) return this.#paths.road;
    const path = await this.#networks.road();
    return path === null ? GUESSED_ROAD : { kind: 'model', path };
  }

  close(): Promise<void> {
    return this.drives.close();
  }
}

const LOG_OPTIONS: Readonly<
  Record<keyof LogAnswers, { readonly what: string; readonly option: string }>
> = {
  unit: { what: 'unit', option: '--log-unit' },
  positive: { what: 'positive side', option: '--log-positive' },
  offset: { what: 'offset', option: '--log-offset' },
  column: { what: 'steering column', option: '--log-column' },
  angleOf: { what: 'angle', option: '--log-angle' },
  ratio: { what: 'steering ratio', option: '--log-ratio' },
};

/** Beside what was kept before; a file that cannot be read is what saying it again mends. */
async function keepChoices(
  path: string,
  choices: LogAnswers & Pick<LogChoices, 'fps'>,
): Promise<void> {
  const before = await readLogChoices(path).catch(() => ({}));
  const all = Object.entries({ ...before, ...choices }).filter(([, value]) => value !== null);
  await writeLogChoices(path, Object.fromEntries(all));
}
