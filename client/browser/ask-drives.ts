import type { DrivePage, DriveQuery } from '../../shared/protocol/catalogue-messages.ts';
import { askServer } from './ask-server.ts';

/** Asks for a part of the list of drives. Rejects as `askServer`. */
export function askDrives(query: DriveQuery): Promise<DrivePage> {
  const values = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return askServer(`api/drives?${values}`);
}
