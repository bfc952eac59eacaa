import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';

/** How steering is shown: in which unit, how precisely, and which sides its signs mean. */
export interface SteeringUnit {
  /** Shown value = value on the wire × factor. */
  readonly factor: number;
  /** `°`, `1/m`, or empty for a plain number. */
  readonly label: string;
  readonly decimals: number;
  /** Side of a positive value; null where the network's sidecar does not say. */
  readonly positive: 'left' | 'right' | null;
}

export function steeringUnit({
  unit,
  positive,
}: Pick<OpenedMessage['network'], 'unit' | 'positive'>): SteeringUnit {
  if (unit === 'rad') return { factor: 180 / Math.PI, label: '°', decimals: 1, positive };
  if (unit === 'deg') return { factor: 1, label: '°', decimals: 1, positive };
  if (unit === '1/m') return { factor: 1, label: '1/m', decimals: 4, positive };
  return { factor: 1, label: '', decimals: 3, positive };
}

/** Where a value steers; null where nobody said. */
export function sideOf(value: number, { positive }: SteeringUnit): 'left' | 'right' | null {
  if (positive === null) return null;
  return value > 0 === (positive === 'left') ? 'left' : 'right';
}
