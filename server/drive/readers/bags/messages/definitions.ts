import common from '@foxglove/rosmsg-msgs-common';
import { parse } from '@foxglove/rosmsg';
import { DRIVING_DEFINITIONS } from './driving-definitions.ts';

type MessageDefinition = ReturnType<typeof parse>[number];

const standard: Readonly<Record<string, MessageDefinition>> = common.ros2jazzy;

/**
 * The definition of a ROS 2 type that the file does not define, its own first and then those of its
 * parts: the standard ones, and those that cars and cameras send. null: not known.
 */
export function knownDefinition(type: string): MessageDefinition[] | null {
  const found = new Map<string, MessageDefinition>();
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
