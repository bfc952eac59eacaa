import {
  describeExplanation,
  explanationName,
  explanationOf,
  type Target,
} from '../../shared/explanations.ts';
import { METHODS } from '../../shared/methods.ts';

/** Panes are named by letters, from the top left. */
export const LETTERS = ['A', 'B', 'C', 'D'] as const;

/** What the keys 1…9 choose; the other methods are chosen from the list. */
export const KEYED_METHODS: readonly string[] = [
  'visualbackprop',
  'lrp-epsilon-plus',
  'gradient',
  'inputxgradient',
  'guidedbackprop',
  'gradcam',
  'lrp-epsilon',
  'integratedgradients',
  'occlusion',
];

export const DEFAULT_METHODS: readonly string[] = [
  'visualbackprop',
  'lrp-epsilon-plus',
  'gradient',
  'gradcam',
];

export function isRealTime(method: string): boolean {
  return describeExplanation(method)?.realTime ?? false;
}

const TARGET_MARKS = { '+': '', '-': ' −', abs: ' ±' } as const satisfies Record<Target, string>;

/** As a person calls it, with the way of steering where it is not the usual one. */
export function methodName(method: string): string {
  const description = describeExplanation(method);
  return description ? `${description.name}${TARGET_MARKS[explanationOf(method).target]}` : method;
}

/** Another method; the way of steering stays where that method tells them apart. */
export function withMethod(before: string, method: string): string {
  return withTarget(method, explanationOf(before).target);
}

export function withTarget(method: string, target: Target): string {
  return explanationName({
    method: explanationOf(method).method,
    target: describeExplanation(method)?.directed ? target : '+',
  });
}

/** What the ways of steering are called for a network with this side as positive. */
export function targetWords(positive: 'left' | 'right' | null): Readonly<Record<Target, string>> {
  if (positive === null) return { '+': '+ up', '-': '− down', abs: '± larger' };
  return {
    '+': `+ ${positive}`,
    '-': `− ${positive === 'left' ? 'right' : 'left'}`,
    abs: '± further',
  };
}

/**
 * The methods that stream for panes with these, each once, in the panes' order; the server scores
 * attention by one, so there is always one.
 */
export function streamedMethods(shown: readonly string[]): string[] {
  const streamed = [...new Set(shown.filter(isRealTime))];
  return streamed.length > 0 ? streamed : [METHODS[0]?.id ?? ''];
}

/**
 * Methods for all panes from what was kept: unknown ones are left out, and missing ones are the
 * usual.
 */
export function paneMethods(kept: readonly unknown[]): string[] {
  return DEFAULT_METHODS.map((usual, index) => {
    const method = kept[index];
    return typeof method === 'string' && describeExplanation(method)
      ? withMethod(method, method)
      : usual;
  });
}

/**
 * Letters of the first two streamed methods, between which agreement is measured; null where there
 * is one only.
 */
export function comparedPanes(shown: readonly string[]): readonly [string, string] | null {
  const [first, second] = streamedMethods(shown);
  if (first === undefined || second === undefined) return null;
  return [LETTERS[shown.indexOf(first)] ?? '', LETTERS[shown.indexOf(second)] ?? ''];
}

/**
 * Columns of a grid of `count` panes in which their pictures are largest: two are always side by
 * side, four are two by two or in one row. `head` is the height that each pane needs beside its
 * picture; all in the same unit.
 */
export function paneColumns(
  count: number,
  box: { readonly width: number; readonly height: number },
  aspect: number,
  head: number,
): number {
  if (count < 4) return count;
  const pictureWidth = (columns: number) =>
    Math.min(box.width / columns, (box.height / (count / columns) - head) * aspect);
  return pictureWidth(4) > pictureWidth(2) ? 4 : 2;
}
