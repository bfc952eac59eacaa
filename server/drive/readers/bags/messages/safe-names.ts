import type { parse } from '@foxglove/rosmsg';

const NAME = /^[A-Za-z_]\w*$/;

/**
 * Throws where a definition has names that are none. The library for ROS 1 makes a program of them,
 * and a bag comes from anywhere.
 */
export function checkNames(definitions: ReturnType<typeof parse>): void {
  for (const { name, definitions: fields } of definitions) {
    checkName(name ?? '', true);
    for (const field of fields) {
      checkName(field.name, false);
      checkName(field.type, true);
    }
  }
}

/** `isPath`: of parts with slashes between them, or empty. */
function checkName(name: string, isPath: boolean): void {
  const parts = isPath ? name.split('/') : [name];
  if (isPath && name === '') return;
  if (!parts.every((part) => NAME.test(part)))
    throw new Error('has a definition with a name that is none');
}
