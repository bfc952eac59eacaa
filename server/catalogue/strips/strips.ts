import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Recording } from '../../drive/recording.ts';
import { writeWhole } from '../../files/write-whole.ts';
import { WorkLane } from '../../resources/work-lane.ts';
import { pictureStrip } from './picture-strip.ts';

/** A strip takes about 20 KB. */
const KEPT_IN_MEMORY = 64;
const KEPT_ON_DISK = 10_000;
const AT_ONCE = 2;

/**
 * Strips of pictures for the list, made when they are asked for, some at a time, and kept as long as
 * the drive stays as it is.
 */
export class Strips {
  readonly #folder: string | null;
  readonly #kept = new Map<string, string>();
  readonly #lane = new WorkLane({
    what: `makes ${AT_ONCE} strips of pictures`,
    places: AT_ONCE,
    waiting: 200,
    patience: 60_000,
  });

  /** `cache`: where they are kept between two runs; null: nowhere. */
  constructor(cache: string | null) {
    this.#folder = cache === null ? null : join(cache, 'strips');
    if (this.#folder !== null) void forgetOldest(this.#folder);
  }

  /**
   * The strip of a drive whose files have this version, as SVG. Throws SERVER_BUSY, what opening and
   * decoding throw, and the signal's reason: who has scrolled on waits for no more.
   */
  async of(
    recording: Recording,
    version: string,
    durationSeconds: number | null,
    signal: AbortSignal,
  ): Promise<string> {
    const text = JSON.stringify([recording.path, recording.key, version, durationSeconds]);
    const key = createHash('sha256').update(text).digest('hex').slice(0, 32);
    const known = this.#kept.get(key) ?? (await this.#read(key));
    const strip =
      known ??
      (await this.#lane.run(() => pictureStrip(recording, durationSeconds, signal), signal));
    this.#kept.delete(key);
    this.#kept.set(key, strip);
    if (this.#kept.size > KEPT_IN_MEMORY) this.#kept.delete(this.#kept.keys().next().value!);
    if (known === null) await this.#write(key, strip);
    return strip;
  }

  async #read(key: string): Promise<string | null> {
    const path = this.#pathOf(key);
    return path === null ? null : readFile(path, 'utf8').catch(() => null);
  }

  /** It can be made again: that it cannot be kept is nobody's concern. */
  async #write(key: string, strip: string): Promise<void> {
    const path = this.#pathOf(key);
    if (path === null) return;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, strip);
    } catch {
      // As above.
    }
  }

  #pathOf(key: string): string | null {
    return this.#folder && join(this.#folder, key.slice(0, 2), `${key}.svg`);
  }
}

async function forgetOldest(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const strips = names.filter((name) => name.endsWith('.svg'));
  if (strips.length <= KEPT_ON_DISK) return;
  const dated: { path: string; time: number }[] = [];
  for (const name of strips) {
    const path = join(folder, name);
    dated.push({ path, time: (await stat(path).catch(() => null))?.mtimeMs ?? 0 });
  }
  dated.sort((a, b) => b.time - a.time);
  for (const { path } of dated.slice(KEPT_ON_DISK)) await rm(path, { force: true }).catch(() => {});
}
