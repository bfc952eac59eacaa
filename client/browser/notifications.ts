import type { AlertText, Refusal } from '../state/alerts.svelte.ts';

/** Asks the browser's permission, which only a click may do. */
export async function allowNotifications(): Promise<Refusal | null> {
  if (typeof Notification === 'undefined') return isSecureContext ? 'unknown' : 'insecure';
  return (await Notification.requestPermission()) === 'granted' ? null : 'denied';
}

/** Nothing happens where they are not allowed. */
export function notify({ title, body }: AlertText, clicked: () => void): void {
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
  const notification = new Notification(title, { body, tag: 'roadgaze' });
  notification.onclick = () => {
    focus();
    clicked();
    notification.close();
  };
}
