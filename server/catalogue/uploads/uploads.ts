import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { RoadgazeError } from '../../../shared/errors.ts';
import type { BegunUpload, FinishedUpload } from '../../../shared/protocol/catalogue-messages.ts';
import { notWritable } from '../../files/not-writable.ts';
import { pathInside } from '../../files/path-inside.ts';
import type { NetworkSummary } from '../../../shared/protocol/control-messages.ts';
import type { Drives } from '../drives.ts';
import type { Network } from '../networks.ts';
import { DRAFT, Upload, type SentFile } from './upload.ts';

/** Below the folder of recordings. */
export const UPLOADS_FOLDER = 'uploads';
const FOLDER = UPLOADS_FOLDER;
const MODEL = /\.onnx$/i;
/** What is always left free on the disk. */
const RESERVE = 512 << 20;
const MOST_FILES = 100_000;
/** Uploads that are under way at the same time. */
const MOST_UPLOADS = 16;
/** What nobody went on with for so long is removed, ms. */
const FORGOTTEN_AFTER = 7 * 24 * 3600 * 1000;

/** What is sent to the folder of recordings, as far as this server takes it. */
export class Uploads {
  readonly #drives: Drives;
  readonly #mostBytes: number;
  readonly #networks: () => Promise<readonly Network[]>;
  readonly #uploads = new Map<string, Upload>();

  /** `mostBytes`: of one upload; 0: nothing is taken. */
  constructor(
    drives: Drives,
    mostBytes: number,
    networks: () => Promise<readonly Network[]> = async () => [],
  ) {
    this.#drives = drives;
    this.#networks = networks;
    this.#mostBytes = mostBytes;
    drives.uploadBytes = mostBytes;
    if (mostBytes > 0) void forgetDrafts(join(drives.root, FOLDER));
  }

  /**
   * What was sent of the same files before is kept. Throws USAGE where nothing or not so much may be
   * sent, OUTPUT_NOT_WRITABLE where there is no room for it.
   */
  async begin(files: readonly SentFile[]): Promise<BegunUpload> {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    if (this.#mostBytes === 0)
      throw new RoadgazeError(
        'USAGE',
        'This server takes no files.',
        'Copy them into its folder, or start it with --upload-limit.',
      );
    if (files.length === 0 || files.length > MOST_FILES)
      throw new RoadgazeError(
        'USAGE',
        `${files.length} files cannot be sent at once.`,
        `Send between 1 and ${MOST_FILES}.`,
      );
    if (bytes > this.#mostBytes)
      throw new RoadgazeError(
        'USAGE',
        `${gigabytes(bytes)} are more than this server takes at once, ${gigabytes(this.#mostBytes)}.`,
        'Send less, copy it into the folder, or start the server with another --upload-limit.',
      );
    const folder = await this.#folder();
    const upload = await Upload.begin(folder, files);
    const received = await upload.received();
    const missing = bytes - received.reduce((sum, each) => sum + each, 0);
    const { bavail, bsize } = await statfs(folder);
    if (missing + RESERVE > bavail * bsize) {
      if (missing === bytes) await upload.abandon();
      throw new RoadgazeError(
        'OUTPUT_NOT_WRITABLE',
        `There is no room for ${gigabytes(missing)} on the server's disk: ${gigabytes(Math.max(0, bavail * bsize - RESERVE))} are left.`,
        'Make room there, or send less.',
      );
    }
    // One that is under way knows who writes what.
    const known = this.#uploads.get(upload.id) ?? upload;
    this.#uploads.delete(upload.id);
    this.#uploads.set(upload.id, known);
    if (this.#uploads.size > MOST_UPLOADS) this.#uploads.delete(this.#uploads.keys().next().value!);
    return { upload: upload.id, received };
  }

  /** As `Upload.write`. */
  async write(id: string, index: number, offset: number, bytes: Readable): Promise<number> {
    return this.#find(id).write(index, offset, bytes);
  }

  /** As `Upload.finish`; what was sent is in the list then. */
  async finish(id: string): Promise<FinishedUpload> {
    const upload = this.#find(id);
    const folder = await this.#folder();
    const name = await upload.finish(folder);
    this.#uploads.delete(id);
    const path = `${FOLDER}/${name}`;
    await this.#drives.lookAgain(['', FOLDER]);
    const drives = this.#drives.below(path).slice(0, 100);
    return {
      path,
      drives: drives.map((drive) => ({ id: drive.id, name: drive.name })),
      networks: await this.#networksAt(join(folder, name), upload),
    };
  }

  /** Removes what came of it. */
  async abandon(id: string): Promise<void> {
    const upload = this.#find(id);
    this.#uploads.delete(id);
    await upload.abandon();
  }

  /** Only where there is one, for all networks are looked at then. */
  async #networksAt(path: string, { files }: Upload): Promise<NetworkSummary[]> {
    if (!files.some((file) => MODEL.test(file.path))) return [];
    const all = await this.#networks();
    return all
      .filter((network) => network.path === path || network.path.startsWith(path + sep))
      .map(({ summary }) => summary);
  }

  #find(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload) return upload;
    throw new RoadgazeError(
      'USAGE',
      'Nothing of that name is being sent.',
      'Begin again; what is there already is kept.',
    );
  }

  /** Throws OUTPUT_NOT_WRITABLE, also where a link leads out of the folder of recordings. */
  async #folder(): Promise<string> {
    const folder = join(this.#drives.root, FOLDER);
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw notWritable(`Nothing can be written to ${folder}`, cause);
    });
    const real = await pathInside(this.#drives.root, FOLDER);
    if (real === null)
      throw new RoadgazeError(
        'OUTPUT_NOT_WRITABLE',
        `${folder} is a link that leads out of the folder of recordings.`,
        'Remove the link.',
      );
    return real;
  }
}

function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

async function forgetDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(DRAFT)) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    if (info && Date.now() - info.mtimeMs > FORGOTTEN_AFTER)
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
