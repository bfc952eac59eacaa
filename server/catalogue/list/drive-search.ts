import type { DriveAnalysis, DriveQuery } from '../../../shared/protocol/catalogue-messages.ts';
import type { DriveDetails } from '../details/drive-details.ts';
import type { FoundDrive } from '../scan/folder-record.ts';

/** What is known of drives beside what was found. */
export interface DriveFacts {
  details(drive: FoundDrive): DriveDetails | null;
  analyses(drive: FoundDrive): readonly DriveAnalysis[];
  /** Of a reader, with its article. */
  title(reader: string): string;
}

/** The drives that a query is true of, in its order. `drives` are in their natural order. */
export function searchDrives(
  drives: readonly FoundDrive[],
  { text = '', format, hasLog, isAnalysed, isFlagged, sort = 'name', isReversed }: DriveQuery,
  facts: DriveFacts,
): FoundDrive[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = drives.filter((drive) => {
    if (format !== undefined && drive.reader !== format) return false;
    if (hasLog !== undefined && (facts.details(drive)?.hasLog ?? false) !== hasLog) return false;
    const needsAnalyses = isAnalysed !== undefined || isFlagged !== undefined;
    const analyses = needsAnalyses ? facts.analyses(drive) : [];
    if (isAnalysed !== undefined && analyses.length > 0 !== isAnalysed) return false;
    if (isFlagged !== undefined && mostFlags(analyses) > 0 !== isFlagged) return false;
    return words.length === 0 || holdsAll(drive, words, facts);
  });
  if (sort !== 'name') sortByNumber(found, sort, facts);
  return isReversed ? found.reverse() : found;
}

/** Flags of the analysis that found the most. */
export function mostFlags(analyses: readonly DriveAnalysis[]): number {
  return analyses.reduce((most, { flags }) => Math.max(most, flags), 0);
}

function holdsAll(drive: FoundDrive, words: readonly string[], facts: DriveFacts): boolean {
  const own = `${drive.path} ${drive.name} ${facts.title(drive.reader)}`.toLowerCase();
  let whole: string | null = null;
  return words.every((word) => {
    if (own.includes(word)) return true;
    whole ??= [
      ...(facts.details(drive)?.cameras ?? []),
      ...(facts.details(drive)?.signals ?? []),
      ...facts.analyses(drive).map(({ network }) => network),
    ]
      .join(' ')
      .toLowerCase();
    return whole.includes(word);
  });
}

/** The largest first; what is not known comes last. Equal ones stay in their order. */
function sortByNumber(
  drives: FoundDrive[],
  sort: 'date' | 'length' | 'flags',
  facts: DriveFacts,
): void {
  const numberOf = (drive: FoundDrive): number => {
    if (sort === 'date') return drive.modified;
    if (sort === 'length') return facts.details(drive)?.durationSeconds ?? -1;
    const analyses = facts.analyses(drive);
    const worst = Math.max(0, ...analyses.map((each) => each.worst?.severity ?? 0));
    return analyses.length === 0 ? -1 : mostFlags(analyses) + worst / 2;
  };
  const numbers = new Map(drives.map((drive) => [drive, numberOf(drive)]));
  drives.sort((a, b) => numbers.get(b)! - numbers.get(a)!);
}
