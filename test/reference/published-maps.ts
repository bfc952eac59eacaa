import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedFolder } from '../support/paths.ts';

interface Stored {
  readonly file: string;
  readonly shape: readonly number[];
}

export interface StoredMap extends Stored {
  readonly source: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface Sample {
  readonly id: number;
  readonly steering: number;
  readonly input: Stored;
  readonly maps: Readonly<Record<string, StoredMap>>;
}

/**
 * Attribution maps of other programs on real networks. They are no part of the product; where they
 * are absent there are none.
 */
const folder =
  sharedFolder && existsSync(join(sharedFolder, 'reference'))
    ? join(sharedFolder, 'reference')
    : null;

export const referenceNetworks: readonly string[] = folder ? readdirSync(folder) : [];

export async function samplesOf(network: string): Promise<readonly Sample[]> {
  return (
    JSON.parse(await readFile(join(folder!, network, 'index.json'), 'utf8')) as {
      samples: readonly Sample[];
    }
  ).samples;
}

export async function stored(network: string, { file }: Stored): Promise<Float32Array> {
  return new Float32Array(new Uint8Array(await readFile(join(folder!, network, file))).buffer);
}

export function networkPath(network: string): string {
  return join(sharedFolder!, 'real', `${network}.onnx`);
}

/** Largest difference allowed, as a share of the map's largest value. */
export function toleranceOf(method: string): number {
  return method.startsWith('lrp') ? 1e-2 : 1e-3;
}
