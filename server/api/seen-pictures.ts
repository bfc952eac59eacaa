import { reportOf } from '../../shared/errors.ts';
import type { ClientMessage, ServerMessage } from '../../shared/protocol/control-messages.ts';
import { picturesAsSeen } from '../pipeline/pictures-as-seen.ts';
import { lanes } from '../resources/limits.ts';
import { writePng } from '../results/png.ts';
import type { Workspace } from '../workspaces/workspace.ts';

type SeeMessage = Extract<ClientMessage, { type: 'see-pictures' }>;

/** Of all pictures that one answer brings. */
const MOST_PIXELS = 1 << 20;

/** The pictures of frames as the network gets them, for one viewer; the newest request wins. */
export class SeenPictures {
  readonly #workspace: Workspace;
  readonly #send: (message: ServerMessage) => void;
  #current: { readonly request: number; readonly stop: AbortController } | null = null;
  #working: Promise<void> = Promise.resolve();

  constructor(workspace: Workspace, send: (message: ServerMessage) => void) {
    this.#workspace = workspace;
    this.#send = send;
  }

  start(message: SeeMessage): void {
    this.#current?.stop.abort();
    const stop = new AbortController();
    this.#current = { request: message.request, stop };
    this.#working = this.#working.then(() => this.#run(message, stop.signal));
  }

  cancel(request: number): void {
    if (this.#current?.request === request) this.#current.stop.abort();
  }

  async close(): Promise<void> {
    this.#current?.stop.abort();
    await this.#working;
  }

  async #run({ request, frame }: SeeMessage, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { network, drive, index } = this.#workspace;
    const number = Math.min(frame, index.pts.length - 1);
    try {
      const { pictures, left } = await lanes.pictures.run(
        () =>
          picturesAsSeen({
            modelPath: network.path,
            drive,
            camera: drive.camera,
            pts: number > 0 ? index.pts[number]! : null,
            signal,
            mostPixels: MOST_PIXELS,
          }),
        signal,
      );
      const drawn = await Promise.all(
        pictures.map(async ({ rgb, ...picture }) => ({
          ...picture,
          png: Buffer.from(
            await writePng({ width: picture.width, height: picture.height, rgb }),
          ).toString('base64'),
        })),
      );
      if (signal.aborted) return;
      this.#send({
        type: 'pictures-as-seen',
        request,
        frame: number,
        pictures: drawn,
        note: left > 0 ? `${left} older frames are left out, because they are large.` : null,
      });
    } catch (error) {
      if (!signal.aborted) this.#send({ type: 'error', ...reportOf(error), request });
    }
  }
}
