import { readFileSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import type { Model } from './graph.ts';
import { readModel, type ExternalData } from './read-model.ts';

/** A model and the bytes it was read from. */
export interface LoadedModel {
  readonly model: Model;
  readonly bytes: Uint8Array;
}

/** Reads an ONNX file. Throws INPUT_NOT_FOUND, INPUT_EMPTY, MODEL_UNREADABLE, MODEL_OPERATOR_UNSUPPORTED. */
export async function loadModel(path: string): Promise<LoadedModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new RoadgazeError('INPUT_NOT_FOUND', `There is no network at ${path}, or it may not be read.`, 'Check the path.', { cause });
  }
  return { model: readModel(bytes, basename(path), besideModel(path)), bytes };
}

/** Weights kept in files beside the model; only inside the model's own folder, links followed, because the model is not trusted. */
function besideModel(path: string): ExternalData {
  const files = new Map<string, Uint8Array>();
  return (location, offset, length) => {
    let bytes = files.get(location);
    if (!bytes) files.set(location, (bytes = readBeside(path, location)));
    const end = length === null ? bytes.length : offset + length;
    if (!(offset >= 0 && end >= offset && end <= bytes.length)) {
      throw new RoadgazeError('MODEL_UNREADABLE', `"${location}", where ${basename(path)} keeps its weights, is shorter than the model says.`, 'Check that the file was copied whole, or export the model as one file.');
    }
    return bytes.subarray(offset, end);
  };
}

function readBeside(path: string, location: string): Uint8Array {
  const name = basename(path);
  const inFolder = (folder: string, file: string) => {
    const inside = relative(folder, file);
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      throw new RoadgazeError('MODEL_UNREADABLE', `${name} keeps weights outside its own folder, in "${location}".`, 'Put the weights beside the model, or export it as one file.');
    }
    return file;
  };
  const folder = resolve(dirname(path));
  const file = inFolder(folder, resolve(folder, location));
  try {
    // Models are loaded once, before any frame is on its way.
    return readFileSync(inFolder(realpathSync(folder), realpathSync(file)));
  } catch (cause) {
    if (cause instanceof RoadgazeError) throw cause;
    throw new RoadgazeError('MODEL_UNREADABLE', `${name} keeps weights in "${location}", which is not beside it.`, 'Copy that file too, or export the model as one file.', { cause });
  }
}
