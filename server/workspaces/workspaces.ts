import type { ProviderWish } from '../inference/choose-provider.ts';
import { reportOf, RoadgazeError } from '../../shared/errors.ts';
import { flagPosts, type WebhookAlerts } from '../alerts/flag-posts.ts';
import { FlagWatch } from '../analysis/flag-watch.ts';
import { KeptAnalyses } from '../analysis/kept-analyses.ts';
import { NewFlags } from '../analysis/new-flags.ts';
import type { PlaybackPriority } from '../pipeline/playback-priority.ts';
import { MOST_WORKSPACES } from '../resources/limits.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { Workspace, type WorkspaceRequest } from './workspace.ts';

export interface Lease {
  readonly workspace: Workspace;
  release(): void;
}

/** What is watched: ids of recording and network, and methods in the order of the panes. */
export interface Selection {
  readonly recording: string;
  /** The drive's first one without. */
  readonly camera?: string;
  readonly network: string;
  readonly methods: readonly string[];
}

interface Entry {
  readonly opening: Promise<Opened>;
  /** Ends the opening. */
  readonly stop: AbortController;
  opened: Opened | null;
  viewers: number;
  closing: NodeJS.Timeout | null;
}

interface Opened {
  readonly workspace: Workspace;
  readonly webhook: FlagWatch | null;
}

/**
 * So many that nobody watches stay open: going back to the panes of a moment ago is then instant.
 */
const MOST_IDLE = 2;

/** Analyses of which it is remembered what was posted of them. */
const MOST_POSTED = 1000;

/**
 * Opens what is watched once, however many watch it, and keeps it a while after the last has left:
 * a page is often reloaded.
 */
export class Workspaces {
  readonly #catalogue: Catalogue;
  readonly #wish: ProviderWish;
  readonly #priority: PlaybackPriority;
  readonly #lingerSeconds: number;
  readonly #onOpened: (workspace: Workspace) => void;
  readonly #alerts: WebhookAlerts | null;
  /** Told of every analysis of a whole recording, when it ends. */
  readonly #onAnalysed: (workspace: Workspace) => void;
  /** Analyses tell how far networks are pulled by what they look at off the road. */
  readonly #pull: boolean;
  readonly #kept = new KeptAnalyses();
  /** Those that nobody watches in the order in which they were left. */
  readonly #entries = new Map<string, Entry>();
  readonly #told = new Set<string>();
  readonly #flagsPosted = new Map<string, NewFlags>();
  readonly #closing = new Set<Promise<void>>();

  constructor(
    catalogue: Catalogue,
    wish: ProviderWish,
    priority: PlaybackPriority,
    lingerSeconds: number,
    onOpened: (workspace: Workspace) => void,
    alerts: WebhookAlerts | null = null,
    onAnalysed: (workspace: Workspace) => void = () => {},
    pull = false,
  ) {
    this.#pull = pull;
    this.#onAnalysed = onAnalysed;
    this.#catalogue = catalogue;
    this.#wish = wish;
    this.#priority = priority;
    this.#lingerSeconds = lingerSeconds;
    this.#onOpened = onOpened;
    this.#alerts = alerts;
  }

  /**
   * Throws RECORDING_UNKNOWN, CAMERA_UNKNOWN, NETWORK_UNKNOWN, SERVER_BUSY, and what opening throws. Who gets a
   * lease releases it; who aborts before gets none, and ends the opening where nobody else waits
   * for it.
   */
  async lease(selection: Selection, signal?: AbortSignal): Promise<Lease> {
    const [recording, network] = await Promise.all([
      this.#catalogue.recording(selection.recording),
      this.#catalogue.network(selection.network),
    ]);
    const { camera } = selection;
    const request = {
      recording,
      ...(camera === undefined ? {} : { camera }),
      network,
      road: await this.#catalogue.roadOf(recording, camera),
      log: await this.#catalogue.logChoicesOf(recording).catch(reportOf),
      methods: selection.methods,
      pull: this.#pull,
      wish: this.#wish,
    };
    signal?.throwIfAborted();
    // A file that was replaced under the same name is another recording only after the old one was
    // closed; a road that was drawn anew is another at once.
    const key = JSON.stringify([
      selection.recording,
      camera,
      selection.network,
      selection.methods,
      request.road,
      request.log,
    ]);
    let entry = this.#entries.get(key);
    // Who opens anew what was analysed in part only, wants it whole. Whoever still watches the part
    // keeps it.
    if (entry?.opened?.workspace.analysis.shortfall) {
      if (entry.viewers === 0) this.#close(key, entry);
      entry = undefined;
    }
    if (!entry) {
      this.#makeRoom();
      const stop = new AbortController();
      entry = {
        opening: this.#open(request, stop.signal),
        stop,
        opened: null,
        viewers: 0,
        closing: null,
      };
      this.#entries.set(key, entry);
    }
    const taken = entry;
    taken.viewers++;
    if (taken.closing) clearTimeout(taken.closing);
    taken.closing = null;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      taken.viewers--;
      if (taken.viewers > 0) return;
      if (!taken.opened) taken.stop.abort();
      if (taken.opened && this.#entries.get(key) === taken) this.#leave(key, taken);
      else this.#close(key, taken);
    };
    signal?.addEventListener('abort', release, { once: true });
    try {
      taken.opened = await taken.opening;
    } catch (error) {
      if (this.#entries.get(key) === taken) this.#entries.delete(key);
      throw error;
    } finally {
      signal?.removeEventListener('abort', release);
    }
    signal?.throwIfAborted();
    this.#balance();
    return { workspace: taken.opened.workspace, release };
  }

  async close(): Promise<void> {
    for (const [key, entry] of this.#entries) this.#close(key, entry);
    await Promise.allSettled(this.#closing);
  }

  #makeRoom(): void {
    if (this.#entries.size < MOST_WORKSPACES) return;
    const idle = [...this.#entries].find(([, { viewers }]) => viewers === 0);
    if (!idle)
      throw new RoadgazeError(
        'SERVER_BUSY',
        `This machine keeps ${MOST_WORKSPACES} recordings open at a time, each with a network and its methods, and all of them are watched.`,
        'Try again in a moment, or watch with a network and methods that others have open.',
      );
    this.#close(...idle);
  }

  async #open(request: WorkspaceRequest, signal: AbortSignal): Promise<Opened> {
    const workspace = await Workspace.open(request, this.#kept, this.#priority, signal);
    // What was analysed before was told before.
    const webhook =
      this.#alerts && !workspace.hasAnalysisEnded
        ? await this.#post(this.#alerts, request, workspace)
        : null;
    const told = JSON.stringify([request.recording.id, request.network.summary.id]);
    if (!this.#told.has(told)) this.#onOpened(workspace);
    this.#told.add(told);
    this.#tellEnd(workspace);
    return { workspace, webhook };
  }

  #tellEnd(workspace: Workspace): void {
    const { analysis } = workspace;
    const tell = (): void => {
      if (!analysis.hasEnded) return;
      stop();
      if (!analysis.shortfall) this.#onAnalysed(workspace);
    };
    const stop = analysis.changed.listen(tell);
    tell();
  }

  /** Posts the flags of its analysis as they are found. */
  async #post(
    alerts: WebhookAlerts,
    request: WorkspaceRequest,
    workspace: Workspace,
  ): Promise<FlagWatch> {
    const { id, name } = request.recording;
    const { summary } = request.network;
    return new FlagWatch(
      workspace.analysis.rows,
      alerts.flags,
      flagPosts(alerts, () => ({ recording: { id, name }, network: summary })),
      await this.#posted(request, workspace),
    );
  }

  /** What an analysis of the same, which was left or ended early, has posted already. */
  async #posted(
    { recording, network, road, log, methods }: WorkspaceRequest,
    { drive, explainer }: Workspace,
  ): Promise<NewFlags> {
    const key = JSON.stringify([
      recording.id,
      drive.camera,
      await drive.version(),
      network.summary.id,
      explainer.network.digest,
      methods[0],
      road,
      log,
    ]);
    const flags = this.#flagsPosted.get(key) ?? new NewFlags();
    // The one used last is the last to be forgotten.
    this.#flagsPosted.delete(key);
    this.#flagsPosted.set(key, flags);
    const [oldest] = this.#flagsPosted.keys();
    if (this.#flagsPosted.size > MOST_POSTED) this.#flagsPosted.delete(oldest!);
    return flags;
  }

  #leave(key: string, entry: Entry): void {
    entry.closing = setTimeout(() => this.#close(key, entry), this.#lingerSeconds * 1000);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const idle = [...this.#entries].filter(([, { viewers }]) => viewers === 0);
    for (const [left, oldest] of idle.slice(0, -MOST_IDLE)) this.#close(left, oldest);
    this.#balance();
  }

  /** Analyses that nobody waits for make way for those that somebody does. */
  #balance(): void {
    const isWatched = [...this.#entries.values()].some(({ viewers }) => viewers > 0);
    for (const { opening, viewers } of this.#entries.values())
      void opening.then(
        ({ workspace }) => workspace.rest(isWatched && viewers === 0),
        () => {},
      );
  }

  #close(key: string, entry: Entry): void {
    if (entry.closing) clearTimeout(entry.closing);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    const closing = entry.opening.then(
      ({ workspace, webhook }) => {
        webhook?.close();
        return workspace.close();
      },
      () => {},
    );
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
