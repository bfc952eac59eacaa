import type { DroppedFile } from '../state/uploads.svelte.ts';

/** More are not gathered: the server takes no more at once. */
const MOST_FILES = 100_000;

/**
 * All files that were dropped, those of folders with their paths. To be called while the drop is
 * handled: the browser forgets it after that.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files: DroppedFile[] = [];
  for (const entry of entries) await gather(entry, '', files);
  return files;
}

/** Files that were chosen, with their paths where they are of a folder. */
export function chosenFiles(list: FileList): DroppedFile[] {
  return [...list].slice(0, MOST_FILES).map((file) => dropped(file, file.webkitRelativePath));
}

async function gather(entry: FileSystemEntry, above: string, files: DroppedFile[]): Promise<void> {
  if (files.length >= MOST_FILES) return;
  const path = `${above}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    files.push(dropped(file, path));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Some at a time, until there are none.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const each of some) await gather(each, `${path}/`, files);
  }
}

function dropped(file: File, path: string): DroppedFile {
  return {
    path: path || file.name,
    bytes: file.size,
    modified: file.lastModified,
    part: (from, to) => file.slice(from, to),
  };
}
