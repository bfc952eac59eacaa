import { COLOR_MAPS, type ColorMap, type MaskStyle } from '../../shared/color-maps.ts';
import { measuresIn } from '../data/tracks.ts';
import { keep, readKept, type KeptTexts } from './kept.ts';

export type Theme = 'system' | 'dark' | 'light';

interface Stored {
  readonly theme: Theme;
  readonly map: ColorMap;
  readonly opacity: number;
  readonly threshold: number;
  readonly outline: boolean;
  readonly agreement: string;
  readonly notification: boolean;
  readonly sound: boolean;
}

/** Whether the system has a light theme; as `matchMedia` answers. */
export interface LightSystem {
  readonly matches: boolean;
  addEventListener(type: 'change', listener: (event: { readonly matches: boolean }) => void): void;
}

const KEY = 'roadgaze.preferences';
const DEFAULTS: Stored = {
  theme: 'system',
  map: 'inferno',
  opacity: 0.85,
  threshold: 0.1,
  outline: true,
  agreement: 'spearman',
  notification: false,
  sound: false,
};

/** How this person likes to see things; kept in the browser. */
export class Preferences {
  theme = $state<Theme>(DEFAULTS.theme);
  map = $state<ColorMap>(DEFAULTS.map);
  opacity = $state(DEFAULTS.opacity);
  threshold = $state(DEFAULTS.threshold);
  outline = $state(DEFAULTS.outline);
  /** Id of the measure of agreement on the timeline. */
  agreement = $state(DEFAULTS.agreement);
  /** Tell of flags as they happen. */
  notification = $state(DEFAULTS.notification);
  sound = $state(DEFAULTS.sound);
  readonly #kept: KeptTexts;
  #systemIsLight = $state(false);

  readonly mask = $derived<MaskStyle>({
    map: this.map,
    opacity: this.opacity,
    threshold: this.threshold,
  });
  readonly isLight = $derived(
    this.theme === 'light' || (this.theme === 'system' && this.#systemIsLight),
  );

  constructor(kept: KeptTexts, system: LightSystem) {
    this.#kept = kept;
    this.#systemIsLight = system.matches;
    system.addEventListener('change', ({ matches }) => (this.#systemIsLight = matches));
    const stored: Partial<Record<keyof Stored, unknown>> = readKept(kept, KEY);
    if (stored.theme === 'dark' || stored.theme === 'light') this.theme = stored.theme;
    if (isOneOf(COLOR_MAPS, stored.map)) this.map = stored.map;
    if (isShare(stored.opacity)) this.opacity = stored.opacity;
    if (isShare(stored.threshold)) this.threshold = stored.threshold;
    if (typeof stored.outline === 'boolean') this.outline = stored.outline;
    if (typeof stored.notification === 'boolean') this.notification = stored.notification;
    if (typeof stored.sound === 'boolean') this.sound = stored.sound;
    const agreement = measuresIn('agreement').find(({ id }) => id === stored.agreement);
    if (agreement) this.agreement = agreement.id;
  }

  /** Writes what has changed; call it from an effect. */
  store(): void {
    const { theme, map, opacity, threshold, outline, agreement, notification, sound } = this;
    const stored = { theme, map, opacity, threshold, outline, agreement, notification, sound };
    keep(this.#kept, KEY, stored satisfies Stored);
  }

  toggleTheme(): void {
    this.theme = this.isLight ? 'dark' : 'light';
  }

  changeOpacity(by: number): void {
    this.opacity = Math.round(Math.min(1, Math.max(0, this.opacity + by)) * 100) / 100;
  }
}

function isOneOf<T extends object>(choices: T, value: unknown): value is keyof T {
  return typeof value === 'string' && Object.hasOwn(choices, value);
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
