import type { Topic } from '../store/message-store.ts';

const FIELD =
  /^\s*(?:float32|float64|double|float)\s+(\w+)\s*(?:=[^#/;]*;?)?\s*(?:#|\/\/)+\s*(.*)$/;
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/^[[(]?\s*(?:rad\/s|radians?\/s)/i, 'rad/s'],
  [/^[[(]?\s*(?:rad|radians?)\b/i, 'rad'],
  [/^[[(]?\s*(?:deg|degrees?|°)/i, 'deg'],
  [/^[[(]?\s*(?:m\/s\^?2|m\/s²)/i, 'm/s²'],
  [/^[[(]?\s*(?:m\/s|meters? per second)\b/i, 'm/s'],
  [/^[[(]?\s*(?:km\/h|kph)\b/i, 'km/h'],
];

/** Units that a type's definition tells in comments, `float32 speed # m/s`, by the field's name. */
export function fieldUnits({ schema }: Pick<Topic, 'schema'>): Map<string, string> {
  const units = new Map<string, string>();
  if (schema === null || !/^ros[12]msg$/.test(schema.encoding)) return units;
  for (const line of new TextDecoder().decode(schema.data).split('\n')) {
    const [, name, comment = ''] = FIELD.exec(line) ?? [];
    const unit = UNITS.find(([pattern]) => pattern.test(comment))?.[1];
    // Of fields of one name in several parts the first one counts: the message's own.
    if (name !== undefined && unit !== undefined && !units.has(name)) units.set(name, unit);
  }
  return units;
}
