import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { basename, dirname, relative, resolve, isAbsolute } from 'node:path';
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

/** Weights kept in files beside the model; only inside the model's own folder, because the model is not trusted. */
function besideModel(path: string): ExternalData {
  const folder = resolve(dirname(path));
  return (location, offset, length) => {
    const file = resolve(folder, location);
    const inside = relative(folder, file);
    if (inside.startsWith('..') || isAbsolute(inside)) {
      throw new RoadgazeError('MODEL_UNREADABLE', `${basename(path)} keeps weights outside its own folder, in "${location}".`, 'Put the weights beside the model, or export it as one file.');
    }
    try {
      // Models are loaded once, before any frame is on its way.
      const bytes = readFileSync(file);
      return bytes.subarray(offset, length === null ? undefined : offset + length);
    } catch (cause) {
      throw new RoadgazeError('MODEL_UNREADABLE', `${basename(path)} keeps weights in "${location}", which is not beside it.`, 'Copy that file too, or export the model as one file.', { cause });
    }
  };
}
