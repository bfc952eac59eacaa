import { beep } from '../render/beep.ts';

/** What is told to somebody who looks elsewhere. */
export interface AlertText {
  readonly title: string;
  readonly body: string;
}

/** At most one in this time, ms; what came meanwhile is counted into the next one. */
const INTERVAL = 5_000;

/** Why there can be no desktop notification; null where there can be one. */
export type Refusal = 'denied' | 'unknown' | 'insecure';

/** Tells of flags as they happen, on the desktop and by a sound, where a person switched that on. */
export class Alerts {
  refusal = $state<Refusal | null>(null);
  #last = Number.NEGATIVE_INFINITY;
  #heldBack = 0;

  /** Asks the browser's permission, which only a click may do. Answers whether notifications can be shown. */
  async allow(): Promise<boolean> {
    if (typeof Notification === 'undefined') this.refusal = isSecureContext ? 'unknown' : 'insecure';
    else this.refusal = (await Notification.requestPermission()) === 'granted' ? null : 'denied';
    return this.refusal === null;
  }

  /** `open` is called when the notification is clicked. */
  tell({ title, body }: AlertText, by: { readonly notification: boolean; readonly sound: boolean }, open: () => void): void {
    if (!by.notification && !by.sound) return;
    const now = performance.now();
    if (now - this.#last < INTERVAL) {
      this.#heldBack += 1;
      return;
    }
    this.#last = now;
    const more = this.#heldBack > 0 ? `, and ${this.#heldBack} more before it` : '';
    this.#heldBack = 0;
    if (by.sound) beep();
    if (by.notification && typeof Notification !== 'undefined' && Notification.permission === 'granted') {
      const notification = new Notification(title, { body: `${body}${more}`, tag: 'roadgaze' });
      notification.onclick = () => {
        focus();
        open();
        notification.close();
      };
    }
  }
}
