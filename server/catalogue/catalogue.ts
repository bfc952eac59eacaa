import { filesVersion } from '../files/files-version.ts';
import { stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { reportOf, RoadgazeError } from '../../shared/errors.ts';
import type {
  LogUnit,
  NetworkSummary,
  RecordingSummary,
} from '../../shared/protocol/control-messages.ts';
import { roadOfRecording } from '../attention/road-file.ts';
import { GUESSED_ROAD, type RoadSpecification } from '../attention/road-specification.ts';
import { readLogChoices, writeLogChoices, type LogChoices } from '../drive/log/choices.ts';
import { asksForRate } from '../drive/open-recording.ts';
import { drivesAt } from '../drive/drives-at.ts';
import type { Recording } from '../drive/recording.ts';
import { nameFault, namesIn, urlSafe } from '../files/names.ts';
import type { Listing } from '../pipeline/workshop/tasks.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import { runTogether } from '../resources/run-together.ts';
import { givenFrameRate } from '../video/untold-rate.ts';
import { RecordingSummaries } from './recording-summaries.ts';

export interface CataloguePaths {
  /** A folder of recordings, or one video. */
  readonly recordings: string;
  /** A further folder of recordings, which need not be there. */
  readonly clips?: string;
  /** Model files; a folder stands for the `.onnx` files in it. */
  readonly networks: readonly string[];
  /** Where to look for road networks, beside `networks`. */
  readonly roads: readonly string[];
  /** What the user said of drive logs; it goes before what is kept beside each. */
  readonly log?: LogChoices;
  /** What the user asked for; null: as `roadOfRecording` says. */
  readonly road: RoadSpecification | null;
}

export interface Network {
  readonly summary: NetworkSummary;
  readonly path: string;
}

/** The recordings and networks that a viewer can choose from, as they lie on disk at each call. */
export class Catalogue {
  readonly #paths: CataloguePaths;
  readonly #summaries = new RecordingSummaries();
  /** By path, size and time of change: reading a large network takes a while. */
  readonly #kinds = new Map<string, Promise<Listing>>();

  constructor(paths: CataloguePaths) {
    this.#paths = paths;
  }

  /**
   * What cannot be opened is listed with its error. However many ask, the folder is read once at a
   * time. Throws INPUT_NOT_FOUND.
   */
  readonly recordings = runTogether(() => this.#recordings());

  /** The networks that steer. As `recordings`. Throws INPUT_NOT_FOUND. */
  readonly networks = runTogether(() => this.#networks());

  /** As `recordings`, without what the recordings say of themselves. */
  readonly #listed = runTogether(() => this.#list());

  readonly #roadNetwork = runTogether(async (): Promise<string | null> => {
    const files = await this.#filesAt([...this.#paths.networks, ...this.#paths.roads]);
    return files.find(({ kind, error }) => kind === 'road' && error === null)?.path ?? null;
  });

  async #recordings(): Promise<RecordingSummary[]> {
    return this.#summaries.of(await this.#listed());
  }

  async #networks(): Promise<Network[]> {
    const networks: Network[] = [];
    const ids = new Set<string>();
    for (const { path, kind, name, error } of await this.#filesAt(this.#paths.networks)) {
      if (kind === 'road') continue;
      const stem = urlSafe(basename(path, extname(path)));
      let id = stem;
      for (let count = 2; ids.has(id); count++) id = `${stem}-${count}`;
      ids.add(id);
      networks.push({ path, summary: { id, name, error } });
    }
    return networks;
  }

  /** Throws RECORDING_UNKNOWN, DRIVE_UNSUPPORTED. */
  async recording(id: string): Promise<Recording> {
    const recording = (await this.#listed()).find((candidate) => candidate.id === id);
    if (recording?.fault) throw recording.fault;
    if (recording) return recording;
    throw new RoadgazeError(
      'RECORDING_UNKNOWN',
      `There is no recording "${id}" any more.`,
      'Choose another recording from the list.',
    );
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

  /** Throws ROAD_INVALID where a drawn road cannot be used. */
  async roadOf(recording: Recording): Promise<RoadSpecification> {
    const { road } = this.#paths;
    if (road?.kind === 'guess') {
      const drawn = await roadOfRecording({ ...recording, truthPath: null }, async () => null);
      return drawn.kind === 'guess' ? road : drawn;
    }
    return road ?? roadOfRecording(recording, () => this.#roadNetwork());
  }

  /** Throws LOG_INVALID where what is kept beside the recording cannot be used. */
  async logChoicesOf({ beside }: Recording): Promise<LogChoices> {
    return { ...(await readLogChoices(beside.logChoices)), ...this.#paths.log };
  }

  /**
   * Keeps the unit of a recording's log. Throws USAGE where it would not be used,
   * OUTPUT_NOT_WRITABLE.
   */
  async keepLogUnit({ beside }: Recording, unit: LogUnit): Promise<void> {
    if (this.#paths.log?.unit)
      throw new RoadgazeError(
        'USAGE',
        'The unit of logs was named by --log-unit when the server was started, and another would not be used.',
        'Start it again without --log-unit.',
      );
    await keepChoices(beside.logChoices, { unit });
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
    const path = await this.#roadNetwork();
    return path === null ? GUESSED_ROAD : { kind: 'model', path };
  }

  async #list(): Promise<Recording[]> {
    const { recordings, clips } = this.#paths;
    const given = await drivesAt(recordings);
    if (clips === undefined) return given;
    const kept = await drivesAt(clips).catch(() => []);
    return [...given, ...kept.filter(({ id }) => !given.some((each) => each.id === id))];
  }

  async #filesAt(places: readonly string[]): Promise<({ path: string } & Listing)[]> {
    const models = (await Promise.all(places.map(modelsAt))).flat();
    return Promise.all(
      models.map(async ({ path, fault }) => {
        const kind: Listing = fault
          ? { kind: 'steering', name: basename(path, extname(path)), error: fault.report() }
          : await this.#kindOf(path);
        return { path, ...kind };
      }),
    );
  }

  async #kindOf(path: string): Promise<Listing> {
    const sidecar = `${path.slice(0, path.length - extname(path).length)}.json`;
    const key = await filesVersion([path, sidecar]);
    let kind = this.#kinds.get(key);
    if (!kind) this.#kinds.set(key, (kind = listingOf(path)));
    const read = await kind;
    // That was of the moment.
    if (read.error?.code === 'MACHINE_EXHAUSTED') this.#kinds.delete(key);
    return read;
  }
}

/** Beside what was kept before; a file that cannot be read is what saying it again mends. */
async function keepChoices(path: string, choices: LogChoices): Promise<void> {
  const before = await readLogChoices(path).catch(() => ({}));
  await writeLogChoices(path, { ...before, ...choices });
}

/** What cannot be read, or not within the limits, is listed with its error. */
function listingOf(path: string): Promise<Listing> {
  return inWorkshop('listing', { path }, { inBackground: true }).catch((error: unknown) => ({
    kind: 'steering',
    name: basename(path, extname(path)),
    error: reportOf(error),
  }));
}

async function modelsAt(
  path: string,
): Promise<{ readonly path: string; readonly fault: RoadgazeError | null }[]> {
  const absolute = resolve(path);
  const info = await stat(absolute).catch(() => null);
  if (!info?.isDirectory()) return [{ path: absolute, fault: null }];
  const { names, unnameable } = await namesIn(absolute);
  const isModel = (name: string) =>
    extname(name).toLowerCase() === '.onnx' && !name.startsWith('.');
  // By the name without its ending, so that `net.onnx` comes before `net-2.onnx`.
  const { compare } = new Intl.Collator('en', { numeric: true });
  const stem = (name: string) => basename(name, extname(name));
  const named = names
    .filter(isModel)
    .sort((a, b) => compare(stem(a), stem(b)))
    .map((name) => ({ path: join(absolute, name), fault: null }));
  return [
    ...named,
    ...unnameable
      .filter(isModel)
      .map((name) => ({ path: join(absolute, name), fault: nameFault(name) })),
  ];
}
