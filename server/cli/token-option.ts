import { readFile } from 'node:fs/promises';
import { RoadgazeError } from '../../shared/errors.ts';

export interface TokenOptions {
  readonly token?: string;
  readonly tokenFile?: string;
}

/** Read where neither option is given: other users of the machine see a program's arguments. */
export const TOKEN_VARIABLE = 'ROADGAZE_TOKEN';

/**
 * null where no token is set; an empty one is the server's to refuse. Throws USAGE,
 * INPUT_NOT_FOUND.
 */
export async function tokenOf({ token, tokenFile }: TokenOptions): Promise<string | null> {
  if (token !== undefined && tokenFile !== undefined)
    throw new RoadgazeError(
      'USAGE',
      'The token is given twice, by --token and by --token-file.',
      'Leave one of them out.',
    );
  if (tokenFile === undefined) return token ?? process.env[TOKEN_VARIABLE] ?? null;
  try {
    return (await readFile(tokenFile, 'utf8')).trim();
  } catch (cause) {
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is no token in ${tokenFile}, or it may not be read.`,
      'Check the spelling, and that you may read it.',
      { cause },
    );
  }
}
