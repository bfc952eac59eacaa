import { stat } from 'node:fs/promises';

/** Another text as soon as one of the files is written, or comes or goes. Never throws. */
export async function filesVersion(paths: readonly string[]): Promise<string> {
  const versions = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ size, mtimeMs }) => `${path}@${size}@${mtimeMs}`,
        () => `${path}@-`,
      ),
    ),
  );
  return versions.join('\0');
}
