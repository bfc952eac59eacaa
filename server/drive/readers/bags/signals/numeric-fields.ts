import type { Message } from '../messages/message.ts';

/** A number inside messages, by the way to it. */
export interface NumericField {
  /** `drive.steering_angle`, `axes[0]`. */
  readonly name: string;
  readonly path: readonly (string | number)[];
}

const DEEPEST = 6;
/** Longer lists are measurements of something else than the car's state. */
const LONGEST_LIST = 8;
/** Instants, and what counts messages. */
const NEVER = new Set(['stamp', 'timestamp', 'seq', 'sec', 'nanosec', 'nsec', 'control_time']);

/** The numbers of a message, at most `most`, in its order. Lists of more than eight are left out. */
export function numericFields(message: Message, most: number): NumericField[] {
  const found: NumericField[] = [];
  const look = (value: unknown, name: string, path: readonly (string | number)[]): void => {
    if (found.length >= most || path.length > DEEPEST) return;
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
      found.push({ name, path });
    else if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      const list = value as ArrayLike<unknown>;
      if (list.length > LONGEST_LIST) return;
      for (let i = 0; i < list.length; i++) look(list[i], `${name}[${i}]`, [...path, i]);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value))
        if (!NEVER.has(key)) look(inner, name === '' ? key : `${name}.${key}`, [...path, key]);
    }
  };
  look(message, '', []);
  return found;
}

/** The number there; NaN where there is none. */
export function numberAt(message: Message, path: NumericField['path']): number {
  let value: unknown = message;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return NaN;
    value = (value as Record<string | number, unknown>)[key];
  }
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? Number(value)
    : NaN;
}
