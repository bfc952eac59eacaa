import { readFileSync, realpathSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Model } from './graph.ts';
import { beyondLimit, inBytes, LIMITS } from './limits.ts';
import { refuseOtherNetwork } from './other-networks.ts';
import { readModel, type ExternalData } from './read-model.ts';

/** What `stat` counts in. */
const BLOCK = 512;

/** A model and the bytes it was read from. */
export interface LoadedModel {
  readonly model: Model;
  readonly bytes: Uint8Array;
}

/** Told before a file of weights beside a model is read, with the bytes that it takes on the disk. */
export type OnWeights = (bytes: number) => void;

/**
 * Reads an ONNX file. Throws INPUT_NOT_FOUND, INPUT_EMPTY, MODEL_UNREADABLE,
 * MODEL_OPERATOR_UNSUPPORTED.
 */
export async function loadModel(path: string, onWeights?: OnWeights): Promise<LoadedModel> {
  await refuseOtherNetwork(path);
  let bytes: Uint8Array;
  try {
    // A device or a pipe never ends.
    const found = await stat(path);
    if (!found.isFile()) throw new Error('not a file');
    checkSize(basename(path), found.size);
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof RoadgazeError) throw cause;
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is no network at ${path}, or it may not be read.`,
      'Check the path.',
      { cause },
    );
  }
  return { model: readModel(bytes, basename(path), besideModel(path, onWeights)), bytes };
}

function checkSize(name: string, bytes: number): void {
  if (bytes > LIMITS.fileBytes)
    throw beyondLimit(name, `has ${inBytes(bytes)}; the limit is ${inBytes(LIMITS.fileBytes)}`);
}

/**
 * Weights kept in files beside the model; only inside the model's own folder, links followed,
 * because the model is not trusted.
 */
function besideModel(path: string, onWeights: OnWeights = () => {}): ExternalData {
  const files = new Map<string, Uint8Array>();
  // Many tensors may name the same bytes.
  let taken = 0;
  return (location, offset, length) => {
    let bytes = files.get(location);
    if (!bytes) files.set(location, (bytes = readBeside(path, location, onWeights)));
    const end = length === null ? bytes.length : offset + length;
    taken += end - offset;
    if (taken > LIMITS.fileBytes)
      throw beyondLimit(
        basename(path),
        `has more than ${inBytes(LIMITS.fileBytes)} of weights, which is the limit`,
      );
    if (!(offset >= 0 && end >= offset && end <= bytes.length)) {
      throw new RoadgazeError(
        'MODEL_UNREADABLE',
        `"${location}", where ${basename(path)} keeps its weights, is shorter than the model says.`,
        'Check that the file was copied whole, or export the model as one file.',
      );
    }
    return bytes.subarray(offset, end);
  };
}

function readBeside(path: string, location: string, onWeights: OnWeights): Uint8Array {
  const name = basename(path);
  const inFolder = (folder: string, file: string) => {
    const inside = relative(folder, file);
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      throw new RoadgazeError(
        'MODEL_UNREADABLE',
        `${name} keeps weights outside its own folder, in "${location}".`,
        'Put the weights beside the model, or export it as one file.',
      );
    }
    return file;
  };
  const folder = resolve(dirname(path));
  const file = inFolder(folder, resolve(folder, location));
  try {
    const real = inFolder(realpathSync(folder), realpathSync(file));
    const found = statSync(real);
    if (!found.isFile()) throw new Error('not a file');
    checkSize(`"${location}", where ${name} keeps its weights,`, found.size);
    // A file with holes is larger than what anybody has written.
    onWeights(Math.min(found.size, found.blocks * BLOCK));
    return readFileSync(real);
  } catch (cause) {
    if (cause instanceof RoadgazeError) throw cause;
    throw new RoadgazeError(
      'MODEL_UNREADABLE',
      `${name} keeps weights in "${location}", which is not beside it.`,
      'Copy that file too, or export the model as one file.',
      { cause },
    );
  }
}
