import type { ViewerTools } from '../state/viewer.svelte.ts';
import { beep } from './beep.ts';
import { allowNotifications, notify } from './notifications.ts';
import { openWebSocket } from './web-socket.ts';

/** This browser, as the page's state needs it. */
export function browserTools(): ViewerTools<ImageBitmap> {
  return {
    now: () => performance.now(),
    nextFrame: (act) => requestAnimationFrame(act),
    openSocket: openWebSocket,
    decode: (jpeg) =>
      createImageBitmap(new Blob([jpeg as Uint8Array<ArrayBuffer>], { type: 'image/jpeg' })),
    allowNotifications,
    notify,
    beep,
    address: location.hash.slice(1),
    writeAddress: (text) => history.replaceState(null, '', `#${text}`),
    // Some browsers refuse already where it is only named.
    kept: {
      getItem: (key) => localStorage.getItem(key),
      setItem: (key, text) => localStorage.setItem(key, text),
    },
    lightSystem: matchMedia('(prefers-color-scheme: light)'),
    wantsStillness: matchMedia('(prefers-reduced-motion: reduce)').matches,
  };
}
