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
  const { links, pull } = chain;
  const isLarge = ({ model }: ChainLink) => typeof model !== 'string' && model.length > largest;
  if (![...links, ...(pull ? [pull.link] : [])].some(isLarge)) return start(chain);
  await removeLeftovers(tmpdir(), FOLDER);
  const folder = await ownFolder(tmpdir(), FOLDER).catch(() => null);
  if (folder === null) return start(chain);
  const inFile = async (link: ChainLink, name: string): Promise<ChainLink> => {
    if (!isLarge(link)) return link;
    const path = join(folder, `${name}.onnx`);
    return writeFile(path, link.model).then(
      () => ({ ...link, model: path }),
      () => link,
    );
  };
  try {
    const inFiles: ChainLink[] = [];
    for (const [index, link] of links.entries()) inFiles.push(await inFile(link, `${index}`));
    return await start({
      ...chain,
      links: inFiles,
      ...(pull ? { pull: { ...pull, link: await inFile(pull.link, 'pull') } } : {}),
    });
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}
