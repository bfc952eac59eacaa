import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { splitLines } from '../drive/log/split-lines.ts';
import type { KeptDetails } from './details/drive-details.ts';
import type { FolderRecord } from './scan/folder-record.ts';
import type { OwnAnalysis } from './own-analyses.ts';

/** What is known of a tree when the server ends, so that the next start need not look again. */
export interface KeptCatalogue {
  readonly folders: Iterable<FolderRecord>;
  readonly details: Iterable<KeptDetails>;
  readonly analyses: Iterable<OwnAnalysis>;
}

/** Counted up when the lines mean something else. */
const VERSION = 1;
const LIMITS = { longestLine: 64 << 20, mostBytes: 1 << 30 };
/** Files of trees that were not served for so long are removed, ms. */
const FORGOTTEN_AFTER = 60 * 24 * 3600 * 1000;
/** Lines are handed to the disk in pieces of about so many characters. */
const PIECE = 1 << 18;

/** Where the catalogue of a tree is kept. */
export function keptCataloguePath(folder: string, root: string): string {
  const digest = createHash('sha256').update(root).digest('hex').slice(0, 24);
  return join(folder, 'catalogues', `${digest}.jsonl`);
}

/** Of another version, damaged or not there: nothing is known. Never throws. */
export async function readKeptCatalogue(path: string, root: string): Promise<KeptCatalogue> {
  const kept = {
    folders: [] as FolderRecord[],
    details: [] as KeptDetails[],
    analyses: [] as OwnAnalysis[],
  };
  let isOurs = false;
  try {
    await splitLines(createReadStream(path), LIMITS, (line, number) => {
      if (line === '') return;
      const value = JSON.parse(line) as Record<string, unknown>;
      if (number <= 1 && !isOurs) {
        isOurs = value['roadgazeCatalogue'] === VERSION && value['root'] === root;
        return;
      }
      if (!isOurs) return;
      if ('folder' in value) kept.folders.push(value['folder'] as FolderRecord);
      else if ('details' in value) kept.details.push(value['details'] as KeptDetails);
      else if ('analysis' in value) kept.analyses.push(value['analysis'] as OwnAnalysis);
    });
    return kept;
  } catch {
    return { folders: [], details: [], analyses: [] };
  }
}

/** Writes it whole, or leaves what was there. Never throws: it can be made again. */
export async function writeKeptCatalogue(
  path: string,
  root: string,
  catalogue: KeptCatalogue,
): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    const file = await open(draft, 'wx');
    try {
      let piece = `${JSON.stringify({ roadgazeCatalogue: VERSION, root })}\n`;
      for (const line of linesOf(catalogue)) {
        piece += `${line}\n`;
        if (piece.length < PIECE) continue;
        await file.appendFile(piece);
        piece = '';
      }
      await file.appendFile(piece);
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch {
    await rm(draft, { force: true }).catch(() => {});
  }
}

function* linesOf({ folders, details, analyses }: KeptCatalogue): Generator<string> {
  for (const folder of folders) yield JSON.stringify({ folder });
  for (const each of details) yield JSON.stringify({ details: each });
  for (const analysis of analyses) yield JSON.stringify({ analysis });
}

/** Removes what is kept of trees that nobody serves any more. Never throws. */
export async function forgetOldCatalogues(folder: string): Promise<void> {
  const place = join(folder, 'catalogues');
  for (const name of await readdir(place).catch(() => [])) {
    const path = join(place, name);
    const info = await stat(path).catch(() => null);
    if (info && Date.now() - info.mtimeMs > FORGOTTEN_AFTER)
      await rm(path, { force: true }).catch(() => {});
  }
}
