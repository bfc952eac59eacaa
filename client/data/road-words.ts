import type { RoadSource } from '../../shared/protocol/control-messages.ts';

/** Where a road region comes from, in words. */
export function roadText(road: RoadSource): string {
  switch (road.kind) {
    case 'none':
      return 'none';
    case 'truth':
      return 'ground truth';
    case 'model':
      return `from ${road.name}`;
    case 'polygon':
      return 'a polygon';
    case 'guess':
      return 'a guess';
  }
}
