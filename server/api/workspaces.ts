import type { ProviderWish } from '../inference/choose-provider.ts';
import type { PlaybackPriority } from '../pipeline/playback-priority.ts';
import type { Catalogue } from './catalogue.ts';
import { Workspace } from './workspace.ts';

export interface Lease {
  readonly workspace: Workspace;
  release(): void;
}

interface Entry {
  readonly opening: Promise<Workspace>;
  viewers: number;
  closing: NodeJS.Timeout | null;
}

/** Opens what is watched once, however many watch it, and keeps it a while after the last has left: a page is often reloaded. */
export class Workspaces {
  readonly #catalogue: Catalogue;
  readonly #wish: ProviderWish;
  readonly #priority: PlaybackPriority;
  readonly #lingerSeconds: number;
  readonly #onOpened: (workspace: Workspace) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();

  constructor(catalogue: Catalogue, wish: ProviderWish, priority: PlaybackPriority, lingerSeconds: number, onOpened: (workspace: Workspace) => void) {
    this.#catalogue = catalogue;
    this.#wish = wish;
    this.#priority = priority;
    this.#lingerSeconds = lingerSeconds;
    this.#onOpened = onOpened;
  }

  isOpen(recordingId: string, networkId: string): boolean {
    return this.#entries.has(keyOf(recordingId, networkId));
  }

  /** Throws RECORDING_UNKNOWN, NETWORK_UNKNOWN, and what opening throws. Who gets a lease releases it. */
  async lease(recordingId: string, networkId: string): Promise<Lease> {
    const key = keyOf(recordingId, networkId);
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { opening: this.#open(recordingId, networkId), viewers: 0, closing: null };
      this.#entries.set(key, entry);
    }
    const taken = entry;
    taken.viewers += 1;
    if (taken.closing) clearTimeout(taken.closing);
    taken.closing = null;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      taken.viewers -= 1;
      if (taken.viewers > 0 || this.#entries.get(key) !== taken) return;
      taken.closing = setTimeout(() => this.#close(key, taken), this.#lingerSeconds * 1000);
    };
    try {
      return { workspace: await taken.opening, release };
    } catch (error) {
      if (this.#entries.get(key) === taken) this.#entries.delete(key);
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const [key, entry] of this.#entries) this.#close(key, entry);
    await Promise.allSettled(this.#closing);
  }

  async #open(recordingId: string, networkId: string): Promise<Workspace> {
    const [recording, network] = await Promise.all([this.#catalogue.recording(recordingId), this.#catalogue.network(networkId)]);
    const workspace = await Workspace.open(recording, network, await this.#catalogue.roadOf(recording), this.#wish, this.#priority);
    this.#onOpened(workspace);
    return workspace;
  }

  #close(key: string, entry: Entry): void {
    if (entry.closing) clearTimeout(entry.closing);
    this.#entries.delete(key);
    const closing = entry.opening.then((workspace) => workspace.close(), () => {});
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}

/** A file that was replaced under the same name is another recording only after the old one was closed. */
function keyOf(recordingId: string, networkId: string): string {
  return `${recordingId}\0${networkId}`;
}
