import { RoadgazeError } from '../../../shared/errors.ts';

/** Bytes of one part of a path that file systems take. */
const LONGEST_PART = 200;
const DEEPEST = 16;

/** Parts of the path of a sent file, below the folder that it goes to. Throws USAGE. */
export function pathParts(path: string): string[] {
  const parts = path.split('/');
  if (parts.length > DEEPEST) throw refusedName(path, `lies more than ${DEEPEST} folders deep`);
  for (const part of parts) {
    const fault = faultOf(part);
    if (fault) throw refusedName(path, fault);
  }
  return parts;
}

function faultOf(part: string): string | null {
  if (part === '' || part === '.' || part === '..') return 'leads to another folder';
  if (part.startsWith('.')) return 'is hidden';
  if (/[\u0000-\u001f\u007f\\]/.test(part)) return 'has characters that names should not have';
  if (part !== part.trimEnd() || part.endsWith('.')) return 'ends with a space or a dot';
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part)) return 'is a name of the system';
  if (Buffer.byteLength(part) > LONGEST_PART) return 'is too long';
  if (part.includes('\ufffd') || /\p{Surrogate}/u.test(part)) return 'is not UTF-8';
  return null;
}

function refusedName(path: string, fault: string): RoadgazeError {
  return new RoadgazeError(
    'USAGE',
    `${JSON.stringify(path.slice(0, 200))} cannot be sent: its name ${fault}.`,
    'Rename it, and send it again.',
  );
}
