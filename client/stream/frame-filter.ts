import type { OpenedMessage } from '../../shared/protocol/control-messages.ts';
import type { FrameMessage } from '../../shared/protocol/decode-frame.ts';
import type { Commands } from './commands.ts';
import type { OpenDrive } from './open-drive.svelte.ts';
import type { Playback } from './playback.svelte.ts';
import type { Repeat } from './repeat.svelte.ts';

/** Which of the frames that come anybody still wants to see. */
export class FrameFilter {
  readonly #drive: OpenDrive;
  readonly #commands: Commands;
  readonly #playback: Playback;
  readonly #repeat: Repeat;

  constructor({
    drive,
    commands,
    playback,
    repeat,
  }: {
    readonly drive: OpenDrive;
    readonly commands: Commands;
    readonly playback: Playback;
    readonly repeat: Repeat;
  }) {
    this.#drive = drive;
    this.#commands = commands;
    this.#playback = playback;
    this.#repeat = repeat;
  }

  /**
   * A mask is drawn only while the network that made it is the one that is open. The first picture
   * of a recording comes alone, before that; after a lost connection the last picture stays
   * instead. `opened`: what was open when the frame came.
   */
  wants({
    message,
    opened,
  }: {
    readonly message: FrameMessage;
    readonly opened: OpenedMessage | null;
  }): boolean {
    const { opening } = this.#drive;
    if (opening === 'again') return false;
    const isPictureOnly = message.parts.every(({ kind }) => kind === 'picture');
    if (opening === 'anew') return isPictureOnly;
    if (opened !== this.#drive.opened && !isPictureOnly) return false;
    if (this.#commands.isOutdated(message.generation)) return false;
    return !this.#playback.playing || this.#repeat.wants(message.frame);
  }
}
