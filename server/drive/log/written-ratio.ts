import { LARGEST_RATIO, SMALLEST_RATIO, type SteeringRatio } from '../../../shared/steering.ts';

/** Name of the steering ratio in the metadata of a Parquet file that was made of a drive. */
export const PARQUET_RATIO = 'roadgaze.steering_ratio';

/** The steering ratio of the drive that a file was made of, as it is written there. */
export function writtenRatio(text: string | undefined): SteeringRatio | null {
  const value = Number(text ?? NaN);
  return value >= SMALLEST_RATIO && value <= LARGEST_RATIO
    ? { value, from: 'of the drive that this was made of' }
    : null;
}
