import type { PictureAsSeen } from '../../shared/protocol/network-inputs.ts';
import type { Request, Requests } from '../stream/requests.ts';

/** A frame that rests for so long is asked for, ms. */
const SETTLING = 200;

/** The pictures of the frame that rests on the screen, as the network gets them. */
export class SeenPictures {
  pictures = $state.raw<readonly PictureAsSeen[]>([]);
  /** Why there are none, or not all. */
  note = $state('');
  /** Frame that they are of. */
  frame = $state<number | null>(null);
  readonly #requests: Requests;
  #asked: Request | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** null: none are wanted, or frames go by. The pictures of before stay until others are there. */
  want(frame: number | null): void {
    clearTimeout(this.#timer);
    this.#withdraw();
    if (frame !== null && frame !== this.frame)
      this.#timer = setTimeout(() => this.#ask(frame), SETTLING);
  }

  /** They are of another network. */
  clear(): void {
    this.want(null);
    this.pictures = [];
    this.note = '';
    this.frame = null;
  }

  #ask(frame: number): void {
    const request: Request = {
      message: (number) => ({ type: 'see-pictures', request: number, frame }),
      progress: () => {},
      answered: (answer) => {
        if (answer.type !== 'pictures-as-seen') return;
        this.#asked = null;
        this.frame = frame;
        this.pictures = answer.pictures;
        this.note = answer.note ?? '';
      },
      failed: (reason) => {
        this.#asked = null;
        this.frame = frame;
        this.pictures = [];
        this.note = reason;
      },
      forgotten: () => (this.#asked = null),
    };
    this.#asked = request;
    this.#requests.submit(request);
  }

  #withdraw(): void {
    if (this.#asked) this.#requests.withdraw(this.#asked);
    this.#asked = null;
  }
}
