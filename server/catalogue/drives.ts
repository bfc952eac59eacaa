import { access } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import type {
  CatalogueState,
  DriveAnalysis,
  DrivePage,
  DriveQuery,
  DriveRow,
} from '../../shared/protocol/catalogue-messages.ts';
import type { RecordingSummary } from '../../shared/protocol/control-messages.ts';
import { READERS } from '../drive/readers/index.ts';
import { VIDEO } from '../drive/readers/video.ts';
import { recordingOf, type Recording } from '../drive/recording.ts';
import type { DriveReader } from '../drive/source.ts';
import { besideFile, besideFolder } from '../files/beside.ts';
import { Bell } from '../pipeline/player-bell.ts';
import { runTogether } from '../resources/run-together.ts';
import { DetailsReader, summaryOf, type DriveDetails } from './details/drive-details.ts';
import { WantedDetails, type WantedDrive } from './details/wanted-details.ts';
import {
  forgetOldCatalogues,
  keptCataloguePath,
  readKeptCatalogue,
  writeKeptCatalogue,
} from './kept-catalogue.ts';
import { searchDrives, type DriveFacts } from './list/drive-search.ts';
import { OwnAnalyses, type OwnAnalysis } from './own-analyses.ts';
import { ResultsByDrive } from './results-by-drive.ts';
import type { FoundDrive } from './scan/folder-record.ts';
import { Strips } from './strips/strips.ts';
import { WatchedTree } from './scan/watched-tree.ts';

export interface DrivePaths {
  /** A folder of recordings, or one video. */
  readonly recordings: string;
  /** A further folder of recordings, which need not be there. */
  readonly clips?: string;
  /** Where what was found out of them is kept for the next run; nothing is without it. */
  readonly cache?: string;
}

/** A drive, and the tree that it lies in. */
interface Listed {
  readonly tree: WatchedTree;
  readonly drive: FoundDrive;
}

/** Details of so many are told with the greeting. */
export const GREETED_WITH = 32;
/** Changes that come at once are told at once, ms. */
const TOGETHER = 250;
/** So long after a change what is known is written, ms. */
const WRITTEN_AFTER = 10_000;
const QUERIES_KEPT = 8;

/** The drives of the served folders: what there is, what is known of it, and what was analysed. */
export class Drives {
  /** Rings when there is something new to be told, at most some times a second. */
  readonly changed = new Bell();
  readonly #trees: readonly WatchedTree[];
  readonly #details = new DetailsReader();
  readonly #wanted: WantedDetails;
  readonly #strips: Strips;
  readonly #analyses = new OwnAnalyses();
  readonly #results = new ResultsByDrive(
    (drive) => this.#detailsOf(drive)?.durationSeconds ?? null,
  );
  readonly #keptAt: string | null;
  readonly #cache: string | null;
  readonly #answers = new Map<string, readonly FoundDrive[]>();
  #listed: readonly Listed[] | null = null;
  #revision = 0;
  #listeners = 0;
  #telling: NodeJS.Timeout | null = null;
  #writing: NodeJS.Timeout | null = null;
  #restored: Promise<void> | null = null;
  #closed = false;
  /** Bytes that may be sent; told with the state. */
  uploadBytes = 0;

  constructor({ recordings, clips, cache }: DrivePaths, readers: readonly DriveReader[] = READERS) {
    const roots = [resolve(recordings), ...(clips === undefined ? [] : [resolve(clips)])];
    const isWatched = () => this.#listeners > 0;
    this.#trees = roots.map((root) => new WatchedTree(root, { readers, isWatched }));
    this.#cache = cache ?? null;
    this.#keptAt = cache === undefined ? null : keptCataloguePath(cache, roots[0]!);
    this.#strips = new Strips(this.#cache);
    this.#wanted = new WantedDetails((id) => this.#readDetails(id));
    for (const tree of this.#trees)
      tree.changed.listen(() => {
        this.#listed = null;
        this.#note();
      });
    this.#details.changed.listen(() => this.#note());
  }

  get root(): string {
    return this.#trees[0]!.index.root;
  }

  get state(): CatalogueState {
    const { index } = this.#trees[0]!;
    return {
      revision: this.#revision,
      drives: index.isScanned ? this.#all().length : index.found,
      isScanning: !index.isScanned,
      notes: index.notes,
      uploadBytes: this.uploadBytes,
    };
  }

  /** Calls `listener` when there is something new to be told, until the answer is called. */
  listen(listener: () => void): () => void {
    const stop = this.changed.listen(listener);
    this.#listeners++;
    return () => {
      this.#listeners--;
      stop();
    };
  }

  /** Resolves when the list is fit to be shown. Throws INPUT_NOT_FOUND. */
  async ready(): Promise<void> {
    await this.#restore();
    const [own, ...others] = this.#trees;
    await Promise.all([own!.ready(), ...others.map((tree) => tree.ready().catch(() => {}))]);
  }

  /**
   * The first drives, with what is known of them; where there are no more, all of it. However many
   * ask, they are looked at once at a time. Throws INPUT_NOT_FOUND.
   */
  readonly first = runTogether(async (): Promise<RecordingSummary[]> => {
    await this.ready();
    if (this.#all().length > GREETED_WITH) return this.firstKnown();
    return this.#details.summaries(await this.#recordings(this.#all()));
  });

  /** The first drives, as far as they are known now; what is not known is read. */
  firstKnown(): RecordingSummary[] {
    const first = this.#all()
      .slice(0, GREETED_WITH)
      .map(({ drive }) => drive);
    this.#wanted.want(first.map(wanted));
    return first.map((drive) => summaryOf(drive, this.#detailsOf(drive) ?? unread(drive)));
  }

  /** Throws RECORDING_UNKNOWN, DRIVE_UNSUPPORTED and whatever else is wrong with it. */
  async find(id: string): Promise<Recording> {
    await this.#restore();
    // Of a small tree it is known at once whether a drive is still what it was.
    const isKnown = this.#find(id)?.tree.isLarge ?? false;
    if (!isKnown) await Promise.all(this.#trees.map((tree) => tree.refresh().catch(() => {})));
    const listed = this.#find(id);
    const recording = listed && (await recordingAt(listed));
    if (recording?.fault) throw recording.fault;
    if (recording) return recording;
    throw unknown(id);
  }

  /** What a query asks for. Details of what is answered are read, those that were asked for last first. */
  async page(query: DriveQuery): Promise<DrivePage> {
    await this.ready();
    const found = this.#answerTo(query);
    const shown = found.slice(query.offset, query.offset + query.limit);
    this.#wanted.want(shown.map(wanted));
    // What is sorted or chosen by what only details tell needs all of them, as time permits.
    if (query.sort === 'length' || query.hasLog !== undefined || query.text)
      this.#wanted.wantAll(this.#all().map(({ drive }) => wanted(drive)));
    return {
      state: this.state,
      matching: found.length,
      known: this.#details.count,
      drives: shown.map((drive) => this.#row(drive)),
      formats: this.#formats(),
    };
  }

  /**
   * Pictures of a drive side by side, as SVG. Throws what `find` does, SERVER_BUSY, what opening and
   * decoding throw, and the signal's reason.
   */
  async strip(id: string, signal: AbortSignal): Promise<string> {
    await this.#restore();
    const listed = this.#find(id);
    const recording = listed && (await recordingAt(listed));
    if (!recording) throw unknown(id);
    const { durationSeconds, error } = await this.#details.read(recording);
    if (error) throw new RoadgazeError(error.code, error.message, error.hint);
    return this.#strips.of(recording, versionOf(listed.drive), durationSeconds, signal);
  }

  /** An analysis of a drive has ended. */
  analysed(recording: string, found: Omit<OwnAnalysis, 'recording' | 'version' | 'at'>): void {
    const listed = this.#find(recording);
    if (!listed) return;
    const version = versionOf(listed.drive);
    this.#analyses.add({ ...found, recording, version, at: Date.now() });
    this.#note();
  }

  /** Looks anew into a folder below the root, in which the server has put something. */
  async lookAgain(folders: readonly string[]): Promise<void> {
    await this.#trees[0]!.lookAgain(folders);
  }

  /** Drives that lie in a folder below the root, or are it, in order. */
  below(path: string): readonly Pick<FoundDrive, 'id' | 'name'>[] {
    const { drives } = this.#trees[0]!.index.list;
    return drives.filter((drive) => drive.path === path || drive.path.startsWith(`${path}/`));
  }

  /** Ends watching and looking, and keeps what is known. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of [this.#telling, this.#writing]) if (timer) clearTimeout(timer);
    this.#wanted.close();
    for (const tree of this.#trees) tree.close();
    await this.#write();
  }

  #all(): readonly Listed[] {
    return (this.#listed ??= this.#join());
  }

  #join(): Listed[] {
    const ids = new Set<string>();
    return this.#trees.flatMap((tree) =>
      tree.index.list.drives.flatMap((drive) => {
        // A clip of the same name as a recording is that recording.
        if (ids.has(drive.id)) return [];
        ids.add(drive.id);
        return [{ tree, drive }];
      }),
    );
  }

  #find(id: string): Listed | null {
    for (const tree of this.#trees) {
      const drive = tree.index.list.byId.get(id);
      if (drive) return { tree, drive };
    }
    return null;
  }

  async #recordings(listed: readonly Listed[]): Promise<Recording[]> {
    const found = await Promise.all(listed.map(recordingAt));
    return found.filter((recording) => recording !== null);
  }

  async #readDetails(id: string): Promise<void> {
    const listed = this.#find(id);
    const recording = listed && (await recordingAt(listed));
    if (recording) await this.#details.read(recording);
  }

  #detailsOf(drive: FoundDrive): DriveDetails | null {
    const tree = this.#find(drive.id)?.tree ?? this.#trees[0]!;
    return this.#details.known({ path: join(tree.index.root, drive.path), key: drive.key });
  }

  #analysesOf(drive: FoundDrive): DriveAnalysis[] {
    const own = this.#analyses
      .of(drive.id)
      .filter(({ version }) => version === versionOf(drive))
      .map(({ network, flags, worst }) => ({ network, flags, worst, isWhole: true }));
    const written = this.#results
      .of(drive, this.#trees[0]!.index.list)
      .filter(({ network }) => !own.some((each) => each.network === network))
      .map(({ network, flags, worst, isWhole }) => ({ network, flags, worst, isWhole }));
    return [...own, ...written];
  }

  readonly #facts: DriveFacts = {
    details: (drive) => this.#detailsOf(drive),
    analyses: (drive) => this.#analysesOf(drive),
    title: (reader) => readerOf(reader).title,
  };

  #answerTo({ offset: _offset, limit: _limit, ...query }: DriveQuery): readonly FoundDrive[] {
    const key = JSON.stringify([this.#revision, query]);
    const known = this.#answers.get(key);
    if (known) return known;
    const drives = this.#all().map(({ drive }) => drive);
    const answer = searchDrives(drives, { ...query, offset: 0, limit: 1 }, this.#facts);
    this.#answers.set(key, answer);
    if (this.#answers.size > QUERIES_KEPT) this.#answers.delete(this.#answers.keys().next().value!);
    return answer;
  }

  #row(drive: FoundDrive): DriveRow {
    const details = this.#detailsOf(drive);
    const { id, name, path, isFolder, key, reader, modified, fault } = drive;
    const isPlace = isFolder && key === null;
    return {
      id,
      name,
      folder: isPlace || !isFolder ? parentOf(path) : path,
      format: reader,
      modified,
      details: details && {
        durationSeconds: details.durationSeconds,
        cameras: details.cameras,
        signals: details.signals,
        hasLog: details.hasLog,
      },
      error: fault ?? details?.error ?? null,
      analyses: this.#analysesOf(drive),
    };
  }

  #formats(): DrivePage['formats'] {
    const counts = new Map<string, number>();
    for (const { drive } of this.#all())
      counts.set(drive.reader, (counts.get(drive.reader) ?? 0) + 1);
    return [...counts].map(([id, count]) => ({ id, title: readerOf(id).title, count }));
  }

  /** Tells of changes some times a second, and writes them later. */
  #note(): void {
    this.#revision++;
    if (this.#closed) return;
    this.#telling ??= setTimeout(() => {
      this.#telling = null;
      this.changed.ring();
    }, TOGETHER).unref();
    if (this.#keptAt !== null)
      this.#writing ??= setTimeout(() => {
        this.#writing = null;
        void this.#write();
      }, WRITTEN_AFTER).unref();
  }

  #restore(): Promise<void> {
    return (this.#restored ??= this.#readKept());
  }

  async #readKept(): Promise<void> {
    if (this.#keptAt === null || this.#cache === null) return;
    const { folders, details, analyses } = await readKeptCatalogue(this.#keptAt, this.root);
    this.#trees[0]!.index.restore(folders);
    this.#details.restore(details);
    for (const analysis of analyses) this.#analyses.add(analysis);
    void forgetOldCatalogues(this.#cache);
  }

  readonly #write = runTogether(async (): Promise<void> => {
    const { index } = this.#trees[0]!;
    if (this.#keptAt === null || !index.isScanned) return;
    await writeKeptCatalogue(this.#keptAt, this.root, {
      folders: index.records.values(),
      details: this.#details.entries(),
      analyses: this.#analyses.values(),
    });
  });
}

function wanted(drive: FoundDrive): WantedDrive {
  return { id: drive.id, version: versionOf(drive) };
}

function unread({ fault }: FoundDrive): DriveDetails {
  return {
    durationSeconds: null,
    size: { width: 0, height: 0 },
    frameRate: 0,
    hasLog: false,
    cameras: [],
    signals: [],
    error: fault,
  };
}

/** The drive as readers and everything else take it; null: it is gone. */
async function recordingAt({ tree, drive }: Listed): Promise<Recording | null> {
  const { id, name, isFolder, reader, key, fault } = drive;
  const path = join(tree.index.root, drive.path);
  if (fault === null && !(await isThere(path))) return null;
  const { log, parquetLog, truth } = isFolder ? besideFolder(path, key) : besideFile(path, key);
  const siblings = new Set<string>();
  for (const file of [log, parquetLog, truth])
    if (await isThere(file)) siblings.add(basename(file));
  const error = fault && new RoadgazeError(fault.code, fault.message, fault.hint);
  const entry = { key, name, ...(error ? { fault: error } : {}) };
  return { ...recordingOf({ path, isFolder, siblings }, readerOf(reader), entry), id };
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function readerOf(id: string): DriveReader {
  return READERS.find((reader) => reader.id === id) ?? VIDEO;
}

/** Another one as soon as the drive's file is written. */
function versionOf({ bytes, modified }: FoundDrive): string {
  return `${bytes}@${modified}`;
}

function parentOf(path: string): string {
  const folder = dirname(path);
  return folder === '.' ? '' : folder;
}

function unknown(id: string): RoadgazeError {
  return new RoadgazeError(
    'RECORDING_UNKNOWN',
    `There is no recording "${id}" any more.`,
    'Choose another recording from the list.',
  );
}
