import { describeMethod, type MethodDescription } from './methods.ts';

/** Which way of steering is explained: the output itself, the output turned round, or its size. */
export type Target = '+' | '-' | 'abs';
export const TARGETS = ['+', '-', 'abs'] as const satisfies readonly Target[];

/**
 * A method and what it explains. Named by the method's id, and where the target is another than `+`
 * by it too: `gradcam`, `gradcam:-`, `gradcam:abs`.
 */
export interface Explanation {
  readonly method: string;
  readonly target: Target;
}

export function explanationName({ method, target }: Explanation): string {
  return target === '+' ? method : `${method}:${target}`;
}

/**
 * What a name stands for. What is not the name of an explanation is taken for a method, which
 * nothing then knows.
 */
export function explanationOf(name: string): Explanation {
  const [, method, target] = /^(.+):(-|abs)$/.exec(name) ?? [];
  return method === undefined
    ? { method: name, target: '+' }
    : { method, target: target as Target };
}

/**
 * Whether an empty map says that the network is dead: one that shows what steers one way only is
 * empty too where nothing does.
 */
export function isEmptyWhereDead(name: string): boolean {
  const description = describeExplanation(name);
  return description !== null && !(description.realTime && description.directed);
}

/** Of its method; null where there is none. */
export function describeExplanation(name: string): MethodDescription | null {
  return describeMethod(explanationOf(name).method);
}
