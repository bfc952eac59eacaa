import type { Picture } from '../stream/presenter.ts';
import { createSession, type SessionTools } from '../stream/session.ts';
import { keepAddress, readAddress } from './address.svelte.ts';
import { Alerts, tellOfFlags, type AlertTools } from './alerts.svelte.ts';
import { CausalChecks } from './causal-checks.svelte.ts';
import { FlagReview } from './flag-review.svelte.ts';
import { FlagTuning } from './flag-tuning.ts';
import type { KeptTexts } from './kept.ts';
import { streamPanes } from './pane-streams.svelte.ts';
import { Panes } from './panes.svelte.ts';
import { Preferences, type LightSystem } from './preferences.svelte.ts';
import { followLog, LogStrip } from './log-strip.svelte.ts';
import { readPainted, Readout } from './readout.svelte.ts';
import { RoadEditor } from './road-editor.svelte.ts';
import { SeenPictures } from './seen-pictures.svelte.ts';
import { runSlowMethods, SlowRuns } from './slow-runs.svelte.ts';
import { keepInView, TimeAxis } from './time-axis.svelte.ts';

/** What the state needs of the browser that it runs in. */
export interface ViewerTools<P extends Picture> extends SessionTools<P>, AlertTools {
  /** What stands behind the `#` of the page's address when it is loaded. */
  readonly address: string;
  readonly writeAddress: (text: string) => void;
  readonly kept: KeptTexts;
  readonly lightSystem: LightSystem;
  /** This person wants nothing to move by itself. */
  readonly wantsStillness: boolean;
}

/**
 * All parts of the page's state, joined, and connected to the server. To be called where effects
 * can be, which end with it.
 */
export function createViewer<P extends Picture>(tools: ViewerTools<P>) {
  const address = readAddress(tools.address);
  const panes = new Panes(address, tools.kept);
  const session = createSession(tools, {
    wanted: { ...address, methods: panes.streamed },
    frame: address.frame ?? 0,
    autoplay: address.frame === undefined && !tools.wantsStillness,
  });
  const { analysis, drive, opener, requests, screen, transport, trials, watched } = session;
  const preferences = new Preferences(tools.kept, tools.lightSystem);
  const readout = new Readout(tools);
  const slowRuns = new SlowRuns({ requests, watched, screen });
  trials.changed.on(() => slowRuns.clear());
  const pictures = new SeenPictures(requests);
  const checks = new CausalChecks(requests, analysis);
  const review = new FlagReview(analysis, transport);
  const tuning = new FlagTuning(drive, analysis);
  const editor = new RoadEditor({ drive, opener, transport });
  const axis = new TimeAxis({ analysis, watched, transport });
  const strip = new LogStrip({ drive, analysis, opener, requests });
  const alerts = new Alerts(tools);

  tellOfFlags({ drive, analysis, alerts, preferences, review });
  $effect(() => preferences.store());
  $effect(() => panes.store());
  streamPanes({ connection: session.connection, drive, opener, watched, panes });
  runSlowMethods(slowRuns, { drive, screen, watched, transport, panes });
  readPainted(readout, { screen, transport, watched });
  keepAddress({ drive, watched, screen, transport, panes }, tools.writeAddress);
  keepInView(axis, { drive, analysis, watched, transport });
  followLog(strip, { drive, analysis });
  $effect(() => () => session.close());
  session.begin();
  return {
    ...session,
    panes,
    preferences,
    readout,
    slowRuns,
    pictures,
    checks,
    review,
    tuning,
    editor,
    axis,
    strip,
    alerts,
  };
}
