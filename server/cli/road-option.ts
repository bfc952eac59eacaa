import { RoadgazeError } from '../../shared/errors.ts';
import type { Point } from '../../shared/geometry.ts';
import { GUESSED_ROAD, type RoadSpecification } from '../attention/road-specification.ts';

export const ROAD_OPTION_HELP =
  'road region: a road model, "polygon:x,y x,y x,y" in fractions of the frame, "guess" for a trapezoid, or "none"';

/**
 * Reads the value of `--road`. Whether a road model is there is seen when it is opened. Throws
 * ROAD_INVALID.
 */
export function parseRoad(text: string): RoadSpecification {
  if (text === 'none') return { kind: 'none' };
  if (text === 'guess') return GUESSED_ROAD;
  if (!text.startsWith('polygon:')) return { kind: 'model', path: text };
  const points = text.slice('polygon:'.length).trim().split(/\s+/).map(parsePoint);
  if (points.length < 3) throw invalid(`it has ${points.length} points, and needs at least 3`);
  return { kind: 'polygon', points };
}

function parsePoint(text: string): Point {
  const [x = NaN, y = NaN, ...more] = text
    .split(',')
    .map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (more.length > 0 || !(x >= 0 && x <= 1 && y >= 0 && y <= 1))
    throw invalid(`"${text}" is not a point "x,y" with both from 0 to 1`);
  return [x, y];
}

function invalid(what: string): RoadgazeError {
  return new RoadgazeError(
    'ROAD_INVALID',
    `The road polygon cannot be used: ${what}.`,
    'Write it as --road "polygon:0.1,1 0.45,0.6 0.55,0.6 0.9,1".',
  );
}
