import type { TestContext } from 'node:test';
import type { AlertText, Refusal } from '../../../client/state/alerts.svelte.ts';
import type { LightSystem } from '../../../client/state/preferences.svelte.ts';
import type { ViewerTools } from '../../../client/state/viewer.svelte.ts';
import type { ServerMessage } from '../../../shared/protocol/control-messages.ts';
import '../../support/runes.ts';
import { frame, hello, opened, type FrameChange } from './messages.ts';
import { pageTools, type TestPicture } from './session.ts';

const { createViewer } = await import('../../../client/state/viewer.svelte.ts');
const { flushSync, withEffects } = await import('./effects.svelte.ts');

/** What a browser keeps, in memory. */
export class MemoryTexts {
  readonly texts = new Map<string, string>();

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.texts.set(key, text);
  }
}

/** A system whose theme the test changes. */
export class SystemTheme implements LightSystem {
  matches = false;
  #listener: (event: { readonly matches: boolean }) => void = () => {};

  addEventListener(
    _type: 'change',
    listener: (event: { readonly matches: boolean }) => void,
  ): void {
    this.#listener = listener;
  }

  change(matches: boolean): void {
    this.matches = matches;
    this.#listener({ matches });
  }
}

/** What somebody who looks elsewhere is told. */
export class Told {
  beeps = 0;
  refusal: Refusal | null = null;
  readonly notifications: { readonly alert: AlertText; readonly click: () => void }[] = [];
  readonly tools = {
    allowNotifications: async () => this.refusal,
    notify: (alert: AlertText, click: () => void) => void this.notifications.push({ alert, click }),
    beep: () => void this.beeps++,
  };
}

/** All of the page's state, with a server on a real socket that has said hello. */
export async function startViewer(
  t: Pick<TestContext, 'after'>,
  {
    greeting = hello(),
    ...change
  }: Partial<ViewerTools<TestPicture>> & { readonly greeting?: ServerMessage } = {},
) {
  const { server, clock, pictures, tools } = await pageTools(t);
  const told = new Told();
  const kept = new MemoryTexts();
  const lightSystem = new SystemTheme();
  const addresses: string[] = [];
  const page: ViewerTools<TestPicture> = {
    ...tools,
    ...told.tools,
    address: '',
    writeAddress: (text) => addresses.push(text),
    kept,
    lightSystem,
    wantsStillness: true,
    ...change,
  };
  const { made: viewer, end } = withEffects(() => createViewer(page));
  t.after(end);
  const say = async (...messages: readonly (ServerMessage | Uint8Array)[]) => {
    await server.say(...messages);
    flushSync();
  };
  const paint = async (of: FrameChange) => {
    await say(frame(of));
    clock.drawFrame();
    flushSync();
  };
  await server.until(() => viewer.connection.isOpen && server.connections === 1);
  await say(greeting);
  return {
    ...viewer,
    server,
    clock,
    pictures,
    told,
    kept,
    lightSystem,
    addresses,
    say,
    paint,
    end,
  };
}

/**
 * As `startViewer`, with the recording `a` open at frame 0, and what was sent for that forgotten.
 */
export async function openViewer(
  t: Pick<TestContext, 'after'>,
  change: Partial<ViewerTools<TestPicture>> = {},
) {
  const viewer = await startViewer(t, change);
  const { choice } = viewer.drive;
  const { network } = opened();
  await viewer.say(
    opened({ network: { ...network, methods: choice?.methods ?? network.methods } }),
  );
  await viewer.paint({ frame: 0 });
  await viewer.server.heard();
  return viewer;
}

export { flushSync };
