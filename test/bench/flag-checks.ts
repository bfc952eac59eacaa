import { verifyFlags } from '../../server/pipeline/causal-check.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { openVideo } from '../../server/drive/readers/video.ts';
import type { Flag, FlagSettings } from '../../shared/flags.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import type { Evidence } from './flag-evidence.ts';
import { offRoadFlags } from './flag-judgement.ts';

/**
 * A long flag holds frames that the boards move and others; parts of this length tell them apart.
 */
const PART_SECONDS = 0.5;

export interface CheckedFlags {
  /** Flags that the causal check confirms, as the product has it. */
  readonly whole: readonly Flag[];
  /** The flags cut into parts, those that the check confirms. */
  readonly parts: readonly Flag[];
}

/** Runs the product's causal check on a network's flags of one drive. */
export async function checkedFlags(
  { drive, network, series }: Evidence,
  method: string,
  settings: FlagSettings,
): Promise<CheckedFlags> {
  const { columns } = series[method]!;
  const flags = offRoadFlags(columns, settings);
  const source = await openVideo(drive.video);
  const explainer = await openStreamExplainer({
    modelPath: network.path,
    road: { kind: 'truth', path: drive.truth },
    video: source.video,
    methods: [{ id: method }],
    wish: { provider: 'cpu' },
  });
  try {
    const steeringDeviation =
      deviation(Array.from(columns.steering)) / degreesPerUnit(explainer.network.output)!;
    const confirmed = async (tried: readonly Flag[]): Promise<Flag[]> => {
      const checks = await verifyFlags({
        drive: source,
        explainer,
        flags: tried,
        steeringDeviation,
      });
      return tried.filter((_, index) => checks[index]?.isConfirmed);
    };
    return {
      whole: await confirmed(flags),
      parts: await confirmed(
        flags.flatMap((flag) => partsOf(flag, columns.pts, columns[settings.measure])),
      ),
    };
  } finally {
    await explainer.close();
    await source.close();
  }
}

function partsOf(flag: Flag, pts: ArrayLike<number>, measure: ArrayLike<number>): Flag[] {
  const parts: Flag[] = [];
  for (let start = flag.startFrame; start <= flag.endFrame; start = parts.at(-1)!.endFrame + 1) {
    let [end, worst] = [start, start];
    for (
      let frame = start;
      frame <= flag.endFrame && pts[frame]! < pts[start]! + PART_SECONDS - 1e-6;
      frame++
    ) {
      end = frame;
      if (measure[frame]! < measure[worst]!) worst = frame;
    }
    parts.push({
      ...flag,
      startFrame: start,
      endFrame: end,
      startPts: pts[start]!,
      endPts: pts[end]!,
      worstFrame: worst,
      worstPts: pts[worst]!,
      worst: measure[worst]!,
    });
  }
  return parts;
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
