import type { parse } from '@foxglove/rosmsg';

type Definitions = ReturnType<typeof parse>;

const NAME = /^[A-Za-z_]\w*$/;

/**
 * Throws, in words after a topic, where the library for ROS 1 must not see a definition: it makes a
 * program of the names, and there is no end to lists of things that take no bytes, or to such things
 * inside each other. A bag comes from anywhere.
 */
export function checkDefinitions(definitions: Definitions): void {
  const fieldsOf = new Map(
    definitions.map(({ name, definitions: all }) => [
      name ?? '',
      all.filter(({ isConstant }) => !isConstant),
    ]),
  );
  const ofBytes = typesOfBytes(fieldsOf);
  const isOfNothing = (type: string): boolean => fieldsOf.has(type) && !ofBytes.has(type);
  for (const [name, fields] of fieldsOf) {
    checkName(name, true);
    for (const { name: field, type, isArray, isComplex } of fields) {
      checkName(field, false);
      checkName(type, true);
      if (isComplex && isOfNothing(type) && (isArray || isOfNothing(name)))
        throw new Error('has a definition with a list of nothing');
    }
  }
}

/** The types of which a value takes a byte at least. */
function typesOfBytes(
  fieldsOf: ReadonlyMap<string, Definitions[number]['definitions']>,
): Set<string> {
  const found = new Set<string>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [name, fields] of fieldsOf)
      if (
        fields.some(
          ({ type, isArray, isComplex, arrayLength }) =>
            !isComplex || (isArray && arrayLength === undefined) || found.has(type),
        )
      )
        found.add(name);
  }
  return found;
}

/** `isPath`: of parts with slashes between them, or empty. */
function checkName(name: string, isPath: boolean): void {
  const parts = isPath ? name.split('/') : [name];
  if (isPath && name === '') return;
  if (!parts.every((part) => NAME.test(part)))
    throw new Error('has a definition with a name that is none');
}
