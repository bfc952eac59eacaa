import { RoadgazeError } from '../../shared/errors.ts';

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'Make room on the disk, or choose another place.'],
  EDQUOT: [
    'your share of the disk is used up',
    'Remove something of yours there, or choose another place.',
  ],
  EROFS: ['it can only be read there', 'Choose a place that can be written to.'],
  EACCES: [
    'you may not write there',
    'Choose a folder of your own, or have its permissions changed.',
  ],
  EPERM: [
    'you may not write there',
    'Choose a folder of your own, or have its permissions changed.',
  ],
  ENOENT: ['the folder is not there', 'Make the folder, or look who removed it, and start again.'],
  ENOTDIR: ['a file stands where a folder should be', 'Choose another place.'],
  EEXIST: ['a file stands where a folder should be', 'Choose another place.'],
  EISDIR: ['a folder stands where a file should be', 'Choose another name.'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter one.'],
  EFBIG: [
    'the file becomes larger than the system allows',
    'Raise the limit (ulimit -f), or choose another place.',
  ],
  EMFILE: ['too many files are open', 'Raise the limit (ulimit -n), or do less at once.'],
  ENFILE: ['too many files are open on this machine', 'Do less at once.'],
  EIO: ['the disk reports an error', 'Choose another place, and check the disk.'],
};
const OTHERWISE = 'Choose another place, or check the disk.';

/** What ffmpeg says when it cannot write, as the system's code. */
const FFMPEG_WORDS: readonly (readonly [words: RegExp, code: string])[] = [
  [/no space left on device/i, 'ENOSPC'],
  [/disk quota exceeded/i, 'EDQUOT'],
  [/read-only file system/i, 'EROFS'],
  [/file too large/i, 'EFBIG'],
  [/permission denied/i, 'EACCES'],
];

/**
 * OUTPUT_NOT_WRITABLE with the cause in plain words. `sentence` says what cannot be done, without
 * its full stop.
 */
export function notWritable(sentence: string, cause: unknown): RoadgazeError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const [reason, hint] = REASONS[code] ?? [code || message || 'nobody knows why', OTHERWISE];
  return new RoadgazeError('OUTPUT_NOT_WRITABLE', `${sentence}: ${reason}.`, hint, { cause });
}

/** The same, where ffmpeg's own words say so; null where they are about something else. */
export function notWritableBy(words: readonly string[], sentence: string): RoadgazeError | null {
  for (const [pattern, code] of FFMPEG_WORDS) {
    if (words.some((line) => pattern.test(line)))
      return notWritable(sentence, Object.assign(new Error(words.join('\n')), { code }));
  }
  return null;
}
