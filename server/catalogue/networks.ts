import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { reportOf, type RoadgazeError } from '../../shared/errors.ts';
import type { NetworkSummary } from '../../shared/protocol/control-messages.ts';
import { otherNetworkFault } from '../onnx/other-networks.ts';
import { filesVersion } from '../files/files-version.ts';
import { nameFault, namesIn, urlSafe } from '../files/names.ts';
import type { Listing } from '../pipeline/workshop/tasks.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import { runTogether } from '../resources/run-together.ts';

/** Folders in the one of dropped networks that are looked into. */
const MOST_FOLDERS = 200;

export interface NetworkPaths {
  /** Model files; a folder stands for the networks in it, also those that must be converted first. */
  readonly networks: readonly string[];
  /** Where to look for road networks, beside `networks`. */
  readonly roads: readonly string[];
  /** A folder that need not be there yet: those in it, and in folders in it, come last. */
  readonly dropped?: string;
}

export interface Network {
  readonly summary: NetworkSummary;
  readonly path: string;
}

/** The networks that a viewer can choose from, as they lie on disk at each call. */
export class NetworkList {
  readonly #paths: NetworkPaths;
  /** By path, size and time of change: reading a large network takes a while. */
  readonly #kinds = new Map<string, Promise<Listing>>();

  constructor(paths: NetworkPaths) {
    this.#paths = paths;
  }

  /** Those that steer. However many ask, they are looked at once at a time. Throws INPUT_NOT_FOUND. */
  readonly steering = runTogether(async (): Promise<Network[]> => {
    const networks: Network[] = [];
    const ids = new Set<string>();
    const { networks: places, dropped } = this.#paths;
    const folders = dropped === undefined ? [] : await foldersAt(dropped);
    for (const { path, kind, name, error } of await this.#filesAt([...places, ...folders])) {
      if (kind === 'road') continue;
      const stem = urlSafe(basename(path, extname(path)));
      let id = stem;
      for (let count = 2; ids.has(id); count++) id = `${stem}-${count}`;
      ids.add(id);
      networks.push({ path, summary: { id, name, error } });
    }
    return networks;
  });

  /** Path of the first that finds roads; null: there is none. */
  readonly road = runTogether(async (): Promise<string | null> => {
    const files = await this.#filesAt([...this.#paths.networks, ...this.#paths.roads]);
    return files.find(({ kind, error }) => kind === 'road' && error === null)?.path ?? null;
  });

  async #filesAt(places: readonly string[]): Promise<({ path: string } & Listing)[]> {
    const models = (await Promise.all(places.map(modelsAt))).flat();
    return Promise.all(
      models.map(async ({ path, fault }) => {
        const kind: Listing = fault
          ? { kind: 'steering', name: basename(path, extname(path)), error: fault.report() }
          : await this.#kindOf(path);
        // Beside files that were made of it, its ending is what tells it apart.
        return { path, ...kind, ...(isOnnx(path) ? {} : { name: basename(path) }) };
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

/** Of files that other programs keep networks in. */
const OTHER_ENDINGS =
  /^(?!(?:saved_model|fingerprint|keras_metadata)\.pb$)[^.].*\.(h5|hdf5|keras|tflite|pb|pt|pth|mlmodel|dlc|engine|plan|trt)$/i;

/** What a folder holds that is a network of TensorFlow. */
const SAVED_MODEL = 'saved_model.pb';

function isOnnx(name: string): boolean {
  return extname(name).toLowerCase() === '.onnx';
}

/** What cannot be read, or not within the limits, is listed with its error. */
function listingOf(path: string): Promise<Listing> {
  return inWorkshop('listing', { path }, { inBackground: true }).catch((error: unknown) => ({
    kind: 'steering',
    name: basename(path, extname(path)),
    error: reportOf(error),
  }));
}

/** A folder and those in it; none where it is not there. */
async function foldersAt(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
  if (!entries) return [];
  const below = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return [path, ...below.slice(0, MOST_FOLDERS).map(({ name }) => join(path, name))];
}

async function modelsAt(
  path: string,
): Promise<{ readonly path: string; readonly fault: RoadgazeError | null }[]> {
  const absolute = resolve(path);
  const info = await stat(absolute).catch(() => null);
  if (!info?.isDirectory()) return [{ path: absolute, fault: null }];
  const { names, unnameable } = await namesIn(absolute);
  // Networks that are folders: this one, or those in it.
  if (names.includes(SAVED_MODEL))
    return [{ path: absolute, fault: await otherNetworkFault(absolute) }];
  const inside = (await foldersAt(absolute)).slice(1);
  const saved = await Promise.all(
    inside.map(async (folder) => ({
      name: basename(folder),
      fault: (await stat(join(folder, SAVED_MODEL)).catch(() => null))
        ? await otherNetworkFault(folder)
        : null,
    })),
  );
  const isModel = (name: string) => isOnnx(name) && !name.startsWith('.');
  // By the name without its ending, so that `net.onnx` comes before `net-2.onnx`.
  const { compare } = new Intl.Collator('en', { numeric: true });
  const stem = (name: string) => basename(name, extname(name));
  const others = await Promise.all(
    names
      .filter((name) => OTHER_ENDINGS.test(name) && !names.includes(`${stem(name)}.onnx`))
      .map(async (name) => ({ name, fault: await otherNetworkFault(join(absolute, name)) })),
  );
  const named = [
    ...names.filter(isModel).map((name) => ({ name, fault: null })),
    ...[...others, ...saved.filter(({ name }) => !names.includes(`${name}.onnx`))].filter(
      ({ fault }) => fault !== null,
    ),
  ]
    .sort((a, b) => compare(stem(a.name), stem(b.name)))
    .map(({ name, fault }) => ({ path: join(absolute, name), fault }));
  return [
    ...named,
    ...unnameable
      .filter(isModel)
      .map((name) => ({ path: join(absolute, name), fault: nameFault(name) })),
  ];
}
