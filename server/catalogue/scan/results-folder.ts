import { z } from 'zod';
import type { FlagKind } from '../../../shared/flags.ts';
import type { Place } from '../../drive/place.ts';
import { isNotRead, readInside } from '../../files/read-inside.ts';

/** What an analysis found, as far as a list tells it. */
export interface KeptResults {
  /** Last part of the drive's path. */
  readonly drive: string;
  readonly durationSeconds: number;
  readonly network: string;
  readonly flags: number;
  /** The one of the highest severity; null: there is none. */
  readonly worst: WorstFlag | null;
  /** All of the drive was analysed. */
  readonly isWhole: boolean;
}

export interface WorstFlag {
  readonly kind: FlagKind;
  /** 0…1 */
  readonly severity: number;
}

const MOST_BYTES = 8 << 20;

const FLAG_KINDS = [
  'off-road',
  'steers-wrong',
  'pull',
  'dead',
  'disagreement',
] as const satisfies readonly FlagKind[];

const summary = z.looseObject({
  roadgaze: z.literal(1),
  recording: z.looseObject({ file: z.string(), durationSeconds: z.number() }),
  network: z.looseObject({ name: z.string() }),
  flags: z.int().min(0),
  complete: z.boolean().optional(),
});
const flagList = z.looseObject({
  flags: z.array(z.looseObject({ kind: z.enum(FLAG_KINDS), severity: z.number() })),
});

/** What `analyze` has written into a folder; null: it holds something else. */
export async function resultsIn(place: Place): Promise<KeptResults | null> {
  if (!place.names.has('summary.json') || !place.names.has('frames.csv')) return null;
  const told = summary.safeParse(await jsonOf(place, 'summary.json'));
  if (!told.success) return null;
  const { recording, network, flags, complete } = told.data;
  const listed = flagList.safeParse(await jsonOf(place, 'flags.json'));
  return {
    drive: recording.file,
    durationSeconds: recording.durationSeconds,
    network: network.name,
    flags,
    worst: listed.success ? worstOf(listed.data.flags) : null,
    isWhole: complete !== false,
  };
}

/** The flag of the highest severity. */
export function worstOf(flags: readonly WorstFlag[]): WorstFlag | null {
  const [first, ...others] = flags;
  if (!first) return null;
  const { kind, severity } = others.reduce(
    (worst, each) => (each.severity > worst.severity ? each : worst),
    first,
  );
  return { kind, severity };
}

async function jsonOf(place: Place, name: string): Promise<unknown> {
  await place.headOf(name);
  const bytes = await readInside(place.path, name, MOST_BYTES);
  if (isNotRead(bytes)) return null;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}
