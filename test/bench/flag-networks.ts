import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../support/paths.ts';

/** `honest` steers by the road; the others by what stands beside it. */
export const NETWORKS = {
  honest: 'recordings/networks/pilotnet',
  boards: 'recordings/networks/pilotnet-shortcut',
  bales: 'test/bench/networks/pilotnet-bales',
} as const;

export type NetworkName = keyof typeof NETWORKS;

export const networkNames = Object.keys(NETWORKS) as readonly NetworkName[];

export interface BenchNetwork {
  readonly name: NetworkName;
  /** Of a copy whose sidecar has no crop: drives are drawn as the network sees them. */
  readonly path: string;
  /** Of the file's bytes. */
  readonly digest: string;
  /** At the wheel, in one unit of its output. */
  readonly degrees: number;
}

interface Sidecar {
  input: { crop?: unknown; color: string };
  output: { scale: number; unit: string; angleOf: string };
}

export async function benchNetwork(name: NetworkName): Promise<BenchNetwork> {
  const source = join(repositoryRoot, NETWORKS[name]);
  const folder = join(repositoryRoot, '.roadgaze', 'bench-flags', 'networks');
  const path = join(folder, `${name}.onnx`);
  await mkdir(folder, { recursive: true });
  await copyFile(`${source}.onnx`, path);
  const { input, output } = JSON.parse(await readFile(`${source}.json`, 'utf8')) as Sidecar;
  const { crop: _, ...uncropped } = input;
  await writeFile(
    path.replace(/onnx$/, 'json'),
    JSON.stringify({ ...JSON.parse(await readFile(`${source}.json`, 'utf8')), input: uncropped }),
  );
  if (input.color !== 'yuv' || output.unit !== 'rad' || output.angleOf !== 'wheel')
    throw new Error(`${name} takes or gives something else than the bench expects`);
  return {
    name,
    path,
    digest: createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
      .slice(0, 16),
    degrees: (output.scale * 180) / Math.PI,
  };
}
