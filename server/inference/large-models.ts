import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownFolder, removeLeftovers } from '../files/leftovers.ts';
import type { ChainLink, SessionChain } from './session-chain.ts';

/**
 * A model of more bytes than this goes to its workers as a file: as bytes, this process and every
 * worker would have it beside ONNX Runtime's own copy.
 */
export const LARGE_MODEL = 32 << 20;
const FOLDER = 'roadgaze-models-';

/**
 * Starts what loads the chain's models, with large ones in files that are gone afterwards. Where
 * they cannot be written, they go as they are.
 */
export async function withLargeModelsInFiles<Value>(
  chain: SessionChain,
  start: (chain: SessionChain) => Promise<Value>,
  largest = LARGE_MODEL,
): Promise<Value> {
  const areLarge = chain.links.map(({ model }) => model.length > largest);
  if (!areLarge.includes(true)) return start(chain);
  await removeLeftovers(tmpdir(), FOLDER);
  const folder = await ownFolder(tmpdir(), FOLDER).catch(() => null);
  if (folder === null) return start(chain);
  try {
    const inFile = async (link: ChainLink, index: number): Promise<ChainLink> => {
      const { model } = link;
      if (!areLarge[index] || typeof model === 'string') return link;
      const path = join(folder, `${index}.onnx`);
      const isWritten = await writeFile(path, model).then(
        () => true,
        () => false,
      );
      return isWritten ? { ...link, model: path } : link;
    };
    const links: ChainLink[] = [];
    for (const [index, link] of chain.links.entries()) links.push(await inFile(link, index));
    return await start({ ...chain, links });
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}
