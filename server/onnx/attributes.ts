import type { Attribute, Node } from './graph.ts';
import type { Tensor } from './tensor.ts';

export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'int' ? Number(attribute.value) : fallback;
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'float' ? attribute.value : fallback;
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'string' ? attribute.value : fallback;
}

export function intsAttribute(node: Node, name: string): number[] | null {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'ints' ? attribute.value.map(Number) : null;
}

export function floatsAttribute(node: Node, name: string): readonly number[] | null {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'floats' ? attribute.value : null;
}

export function stringsAttribute(node: Node, name: string): readonly string[] | null {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'strings' ? attribute.value : null;
}

export function tensorAttribute(node: Node, name: string): Tensor | null {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'tensor' ? attribute.value : null;
}

/**
 * Attributes from plain values: whole numbers become ints, `{ float }` a float, strings strings,
 * lists of whole numbers ints.
 */
export type PlainAttribute =
  number | string | readonly number[] | { readonly float: number } | Tensor;

export function attributes(
  values: Readonly<Record<string, PlainAttribute>>,
): Map<string, Attribute> {
  const map = new Map<string, Attribute>();
  for (const [name, value] of Object.entries(values)) map.set(name, attribute(value));
  return map;
}

function attribute(value: PlainAttribute): Attribute {
  if (typeof value === 'number') return { kind: 'int', value: BigInt(value) };
  if (typeof value === 'string') return { kind: 'string', value };
  if (Array.isArray(value)) return { kind: 'ints', value: value.map(BigInt) };
  if ('float' in value) return { kind: 'float', value: value.float };
  return { kind: 'tensor', value: value as Tensor };
}
