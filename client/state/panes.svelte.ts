import type { Target } from '../../shared/explanations.ts';
import {
  DEFAULT_METHODS,
  LETTERS,
  paneMethods,
  streamedMethods,
  withMethod,
  withTarget,
} from '../data/pane-methods.ts';
import { keep, readKept, type KeptTexts } from './kept.ts';

/** `wipe` and `difference` show A and B in one picture. */
export const LAYOUTS = { one: 1, two: 2, four: 4, wipe: 2, difference: 2 } as const;
export type Layout = keyof typeof LAYOUTS;

interface Arrangement {
  readonly layout: Layout;
  /** Of all four panes, whether they are shown or not. */
  readonly methods: readonly string[];
}

const KEY = 'roadgaze.panes';
const CYCLE: readonly Layout[] = ['one', 'two', 'four'];

/** Which panes there are and what each of them shows. */
export class Panes {
  layout = $state<Layout>('one');
  methods = $state.raw<readonly string[]>(DEFAULT_METHODS);
  /** The pane that the keys 1…9 and the card are about. */
  #focus = $state(0);
  /** Where the wipe's handle stands, a share of the picture's width. */
  split = $state(0.5);
  readonly #kept: KeptTexts;
  #before: Layout = 'two';
  #accepted: Arrangement | null = null;

  /** Methods of the panes that are shown. */
  readonly shown = $derived(this.methods.slice(0, LAYOUTS[this.layout]));
  readonly streamed = $derived(streamedMethods(this.shown));
  readonly focus = $derived(Math.min(this.#focus, this.shown.length - 1));

  /** The address counts more than what this browser remembers. */
  constructor(
    address: { readonly panes?: string; readonly methods?: readonly string[] },
    texts: KeptTexts,
  ) {
    this.#kept = texts;
    const kept = readKept(texts, KEY);
    const layout = address.panes ?? kept.layout;
    if (isLayout(layout)) this.layout = layout;
    this.methods = paneMethods(
      address.methods ?? (Array.isArray(kept.methods) ? kept.methods : []),
    );
  }

  /** Writes what has changed; call it from an effect. */
  store(): void {
    const { layout, methods } = this;
    keep(this.#kept, KEY, { layout, methods } satisfies Arrangement);
  }

  letter(pane: number): string {
    return LETTERS[pane] ?? '';
  }

  look(pane: number): void {
    this.#focus = pane;
  }

  choose(pane: number, method: string): void {
    this.#focus = pane;
    this.#put(pane, (before) => withMethod(before, method));
  }

  /** Which way of steering the pane's method explains. */
  aim(pane: number, target: Target): void {
    this.#focus = pane;
    this.#put(pane, (before) => withTarget(before, target));
  }

  arrange(layout: Layout): void {
    this.layout = layout;
  }

  /**
   * Shows what a live feed is explained by, which somebody else may have chosen; panes that already
   * do stay as they are.
   */
  adopt(methods: readonly string[]): void {
    if (this.streamed.join() === methods.join()) return;
    const count = methods.length > 2 ? 4 : methods.length;
    if (LAYOUTS[this.layout] !== count)
      this.layout = count === 4 ? 'four' : count === 2 ? 'two' : 'one';
    this.methods = this.methods.map((method, pane) =>
      pane < count ? (methods[pane] ?? methods[0] ?? method) : method,
    );
  }

  /** One, two, four, one … */
  cycle(): void {
    this.layout = CYCLE[(CYCLE.indexOf(this.layout) + 1) % CYCLE.length] ?? 'one';
  }

  /** Shows A and B in one picture, and goes back to what was before. */
  toggle(layout: 'wipe' | 'difference'): void {
    if (this.layout === layout) {
      this.layout = this.#before;
      return;
    }
    if (CYCLE.includes(this.layout)) this.#before = this.layout;
    this.layout = layout;
  }

  /** The server streams what is shown. */
  accept(): void {
    this.#accepted = { layout: this.layout, methods: this.methods };
  }

  /**
   * The server cannot stream what was chosen for this network: back to what it did stream; the
   * layout that was asked for stays.
   */
  refuse(): void {
    const accepted = this.#accepted;
    if (!accepted) {
      this.layout = 'one';
      this.methods = DEFAULT_METHODS;
      return;
    }
    const worked = accepted.methods.slice(0, LAYOUTS[accepted.layout]);
    this.methods = this.methods.map(
      (method, pane) =>
        worked[pane] ?? (pane < LAYOUTS[this.layout] ? (worked[0] ?? method) : method),
    );
    if (this.streamed.join() === streamedMethods(worked).join()) return;
    this.layout = accepted.layout;
    this.methods = accepted.methods;
  }

  #put(pane: number, change: (before: string) => string): void {
    this.methods = this.methods.map((method, index) => (index === pane ? change(method) : method));
  }
}

function isLayout(value: unknown): value is Layout {
  return typeof value === 'string' && Object.hasOwn(LAYOUTS, value);
}
