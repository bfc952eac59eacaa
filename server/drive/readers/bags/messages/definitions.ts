import { createRequire } from 'node:module';
import { parse } from '@foxglove/rosmsg';
import { DRIVING_DEFINITIONS } from './driving-definitions.ts';

type MessageDefinition = ReturnType<typeof parse>[number];

let loaded: Readonly<Record<string, MessageDefinition>> | null = null;

/** Most files define what they use: the many standard types are loaded for one that does not. */
function standardTypes(): Readonly<Record<string, MessageDefinition>> {
  loaded ??= (
    createRequire(import.meta.url)(
      '@foxglove/rosmsg-msgs-common',
    ) as typeof import('@foxglove/rosmsg-msgs-common')
  ).ros2jazzy;
  return loaded;
}

/**
 * The definition of a ROS 2 type that the file does not define, its own first and then those of its
 * parts: the standard ones, and those that cars and cameras send. null: not known.
 */
export function knownDefinition(type: string): MessageDefinition[] | null {
  const found = new Map<string, MessageDefinition>();
  const standard = standardTypes();
  const add = (name: string): boolean => {
    if (found.has(name)) return true;
    const text = DRIVING_DEFINITIONS[name];
    const definition =
      text === undefined
        ? Object.hasOwn(standard, name)
          ? standard[name]
          : undefined
        : { ...parse(text, { ros2: true, skipTypeFixup: true })[0]!, name };
    if (!definition) return false;
    found.set(name, definition);
    return definition.definitions.every((field) => !field.isComplex || add(field.type));
  };
  return add(type) ? [...found.values()] : null;
}
