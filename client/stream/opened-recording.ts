import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import { DriveColumns } from '../data/columns.ts';
import type { Session } from './session.svelte.ts';
import { steeringUnit } from '../data/steering-unit.ts';

/** What the server says of a recording and nothing else. */
export type RecordingMessage = Extract<ServerMessage, { readonly type: 'opened' | 'index' | 'analysis' | 'flags' | 'alert' | 'state' | 'statistics' }>;

type Opened = Extract<RecordingMessage, { readonly type: 'opened' }>;

/** Takes what the server says of the recording that is open; live feeds have `WatchedFeed`. */
export class OpenedRecording {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  receive(message: RecordingMessage): void {
    const { analysis, screen, opening } = this.#session;
    switch (message.type) {
      case 'opened':
        return this.#begin(message);
      case 'index':
        analysis.columns?.setIndex(message.pts);
        return analysis.changed();
      case 'analysis':
        analysis.columns?.append(message.columns);
        analysis.changed();
        analysis.progress = message;
        return;
      case 'flags':
        return analysis.setFlags(message.flags);
      case 'alert':
        return analysis.onAlert(message.flag);
      case 'state':
        // Of what was open before.
        if (opening) return;
        this.#session.playback = message;
        if (message.ended) this.#session.onEnded();
        return;
      case 'statistics':
        return screen.countServerSkipped(message.skipped);
    }
  }

  #begin(opened: Opened): void {
    const { analysis, live, opened: before } = this.#session;
    live.leave();
    const columns = new DriveColumns(opened.pts, steeringUnit(opened.network).factor, opened.cause?.change ?? []);
    const isSame = before?.recording.id === opened.recording.id && before.network.id === opened.network.id;
    if (isSame && analysis.columns && !analysis.isLost) columns.keepSteering(analysis.columns);
    analysis.begin(columns);
    analysis.flagSettings = opened.flags;
    this.#session.begin(opened, this.#session.opening === 'again', { playing: false, speed: 1, ended: false });
  }
}
