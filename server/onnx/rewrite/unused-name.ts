import type { Model } from '../graph.ts';

/** The name, or the name with a number behind it, that no value of the model has. */
export function unusedName(
  model: Pick<Model, 'nodes' | 'inputs' | 'initializers'>,
  name: string,
): string {
  const taken = new Set([
    ...model.initializers.keys(),
    ...model.inputs.map((input) => input.name),
    ...model.nodes.flatMap((node) => node.outputs),
  ]);
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}${count}`;
  return free;
}
