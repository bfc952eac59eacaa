import { RoadgazeError } from '../../../shared/errors.ts';

export function invalid(message: string, hint: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError('LOG_INVALID', message, hint, { cause });
}
