import { FLAG_KINDS, worstText } from '../data/flag-words.ts';
import { shortTime } from '../data/format.ts';
import type { Analysis } from '../stream/analysis.svelte.ts';
import type { Clock } from '../stream/clock.ts';
import type { OpenDrive } from '../stream/open-drive.svelte.ts';
import type { FlagReview } from './flag-review.svelte.ts';
import type { Preferences } from './preferences.svelte.ts';

/** What is told to somebody who looks elsewhere. */
export interface AlertText {
  readonly title: string;
  readonly body: string;
}

/** Why there can be no desktop notification; null where there can be one. */
export type Refusal = 'denied' | 'unknown' | 'insecure';

/** How a browser reaches somebody who looks elsewhere. */
export interface AlertTools extends Pick<Clock, 'now'> {
  /** Asks for permission, which only a click may do. */
  readonly allowNotifications: () => Promise<Refusal | null>;
  /** Nothing happens where they are not allowed. */
  readonly notify: (alert: AlertText, clicked: () => void) => void;
  readonly beep: () => void;
}

/** At most one in this time, ms; what came meanwhile is counted into the next one. */
const INTERVAL = 5_000;

/**
 * Tells of flags as they happen, on the desktop and by a sound, where a person switched that on.
 */
export class Alerts {
  refusal = $state<Refusal | null>(null);
  readonly #tools: AlertTools;
  #last = -Infinity;
  #heldBack = 0;

  constructor(tools: AlertTools) {
    this.#tools = tools;
  }

  /** Answers whether notifications can be shown. */
  async allow(): Promise<boolean> {
    this.refusal = await this.#tools.allowNotifications();
    return this.refusal === null;
  }

  beep(): void {
    this.#tools.beep();
  }

  /** `open` is called when the notification is clicked. */
  tell(
    { title, body }: AlertText,
    by: { readonly notification: boolean; readonly sound: boolean },
    open: () => void,
  ): void {
    if (!by.notification && !by.sound) return;
    const now = this.#tools.now();
    if (now - this.#last < INTERVAL) {
      this.#heldBack++;
      return;
    }
    this.#last = now;
    const more = this.#heldBack > 0 ? `, and ${this.#heldBack} more before it` : '';
    this.#heldBack = 0;
    if (by.sound) this.beep();
    if (by.notification) this.#tools.notify({ title, body: `${body}${more}` }, open);
  }
}

/** Tells of every flag that begins in what is open. */
export function tellOfFlags({
  drive,
  analysis,
  alerts,
  preferences,
  review,
}: {
  readonly drive: OpenDrive;
  readonly analysis: Analysis;
  readonly alerts: Alerts;
  readonly preferences: Preferences;
  readonly review: FlagReview;
}): void {
  analysis.flagBegan.on((flag) => {
    const { name, unit } = drive;
    if (name === null || !unit) return;
    const at = shortTime(flag.startPts - (analysis.columns?.origin ?? 0));
    const measure = analysis.flagSettings?.measure ?? 'share';
    const body = `${name}, ${at}: ${worstText(flag, measure, unit)}`;
    alerts.tell({ title: `Roadgaze: ${FLAG_KINDS[flag.kind]}`, body }, preferences, () =>
      review.look(flag),
    );
  });
}
