import type { OpenedRecording, ServerMessage } from '../../shared/protocol/control-messages.ts';
import { DriveColumns } from '../data/columns.ts';
import { describedRecording } from '../data/described.ts';
import { steeringUnit } from '../data/steering-unit.ts';
import type { Analysis } from './analysis.svelte.ts';
import type { Catalogue } from './catalogue.svelte.ts';
import type { OpenDrive } from './open-drive.svelte.ts';
import type { Playback } from './playback.svelte.ts';
import type { Picture } from './presenter.ts';
import type { Screen } from './screen.svelte.ts';
import type { WatchedFeed } from './watched-feed.svelte.ts';

/** What the server says of a recording and nothing else. */
export type RecordingMessage =
  | OpenedRecording
  | Extract<
      ServerMessage,
      { readonly type: 'index' | 'analysis' | 'flags' | 'alert' | 'state' | 'statistics' }
    >;

interface Parts {
  readonly catalogue: Pick<Catalogue, 'opened'>;
  readonly drive: OpenDrive;
  readonly watched: WatchedFeed;
  readonly analysis: Analysis;
  readonly playback: Playback;
  readonly screen: Pick<Screen<Picture>, 'countServerSkipped'>;
}

/** Takes what the server says of the recording that is open; live feeds have `FeedInbox`. */
export class RecordingInbox {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  receive(message: RecordingMessage): void {
    const { analysis, drive, playback, screen } = this.#parts;
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
        return analysis.flagBegan.emit(message.flag);
      case 'state':
        // Else it is of what was open before.
        if (!drive.opening) playback.take(message);
        return;
      case 'statistics':
        return screen.countServerSkipped(message.skipped);
    }
  }

  #begin(opened: OpenedRecording): void {
    const { analysis, catalogue, drive, playback, watched } = this.#parts;
    const before = drive.recording;
    watched.leave();
    catalogue.opened(opened.recording);
    const factor = steeringUnit(opened.network).factor;
    const columns = new DriveColumns(opened.pts, factor, {
      cause: opened.cause?.change ?? [],
    });
    const isSame =
      before?.recording.id === opened.recording.id &&
      before.camera === opened.camera &&
      before.network.id === opened.network.id;
    if (isSame && analysis.columns && !analysis.isLost) columns.keepSteering(analysis.columns);
    analysis.begin(columns);
    analysis.flagSettings = opened.flags;
    playback.take({ playing: false, speed: 1, ended: false });
    drive.begin(opened, describedRecording(opened), drive.opening === 'again');
  }
}
