import type { StandingKind } from '../../recordings/scene/world/objects.ts';

/** Kinds of things off the road, and what the scene generator calls them. */
export const KINDS = {
  boards: ['cue'],
  bales: ['bale'],
  trees: ['tree'],
  bushes: ['bush'],
  woods: ['woods'],
  buildings: ['building'],
  poles: ['pole', 'lamp'],
  signs: ['sign'],
  rails: ['guard-rail', 'barrier'],
} as const satisfies Readonly<Record<string, readonly StandingKind[]>>;

export type Kind = keyof typeof KINDS;

export const kinds = Object.keys(KINDS) as readonly Kind[];

/** One kind is left out, or whatever stands off the road. */
export type LeftOut = Kind | 'all';

export const leftOuts: readonly LeftOut[] = [...kinds, 'all'];

/** What the scene generator must leave out. */
export const without = (left: LeftOut): readonly StandingKind[] =>
  left === 'all' ? kinds.flatMap((kind) => KINDS[kind]) : KINDS[left];

/** The kind of an object of the scene generator; null for what is on the road. */
export const kindOf = (generated: string): Kind | null =>
  kinds.find((kind) => KINDS[kind].some((each) => each === generated)) ?? null;
