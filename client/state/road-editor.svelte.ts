import type { Point } from '../../shared/geometry.ts';
import type { RoadSource } from '../../shared/protocol/control-messages.ts';
import {
  clampToFrame,
  crossesItself,
  FEWEST_POINTS,
  FIRST_ROAD,
  insideFrame,
  MOST_POINTS,
} from '../data/polygon.ts';
import { pictureKey, type OpenDrive } from '../stream/open-drive.svelte.ts';
import type { Opener } from '../stream/opener.ts';
import type { Transport } from '../stream/transport.svelte.ts';

/** The road region while it is drawn; points in fractions of the frame. */
export class RoadEditor {
  /** null: nothing is drawn. */
  points = $state.raw<readonly Point[] | null>(null);
  /** Sent, and not answered yet. */
  isSaving = $state(false);
  #start: readonly Point[] = [];
  readonly #drive: OpenDrive;
  readonly #opener: Pick<Opener, 'drawRoad'>;
  readonly #transport: Transport;
  /** Recording or feed that was opened last: what is drawn belongs to it. */
  #drawnOn: string | null = null;

  readonly isOpen = $derived(this.points !== null);
  readonly crosses = $derived(this.points !== null && crossesItself(this.points));
  readonly isChanged = $derived(this.points !== null && this.points !== this.#start);
  readonly canAdd = $derived(this.points !== null && this.points.length < MOST_POINTS);
  readonly canRemove = $derived(this.points !== null && this.points.length > FEWEST_POINTS);

  constructor({
    drive,
    opener,
    transport,
  }: {
    readonly drive: OpenDrive;
    readonly opener: Pick<Opener, 'drawRoad'>;
    readonly transport: Transport;
  }) {
    this.#drive = drive;
    this.#opener = opener;
    this.#transport = transport;
    drive.begun.on(({ opened }) => {
      const picture = pictureKey(opened);
      if (picture !== this.#drawnOn) this.close();
      else this.#answered(true);
      this.#drawnOn = picture;
    });
    drive.refused.on(() => this.#answered(false));
  }

  /** Begins with what is there now, on the paused frame, or on the live picture as it goes on. */
  open(): void {
    const { opened, isReady } = this.#drive;
    if (!opened || !isReady) return;
    if (this.#transport.playing && !this.#transport.isLive) this.#transport.pause();
    this.points = this.#start = startOf(opened.road);
  }

  close(): void {
    this.points = null;
    this.isSaving = false;
  }

  reset(): void {
    this.points = this.#start;
  }

  save(): void {
    if (!this.points) return;
    this.isSaving = true;
    this.#opener.drawRoad(this.points);
  }

  /** What was drawn for this camera before is forgotten. */
  forget(): void {
    this.isSaving = true;
    this.#opener.drawRoad(null);
  }

  move(index: number, to: Point): void {
    this.points =
      this.points?.map((point, at) => (at === index ? clampToFrame(to) : point)) ?? null;
  }

  moveBy(index: number, [x, y]: Point): void {
    const point = this.points?.[index];
    if (point) this.move(index, [point[0] + x, point[1] + y]);
  }

  /**
   * Adds a point after the one at `index`, half way to the next unless told where. Answers its
   * index.
   */
  add(index: number, at?: Point): number {
    const { points } = this;
    const [from, to] = [points?.[index], points?.[(index + 1) % points.length]];
    if (!points || !from || !to || !this.canAdd) return index;
    const point = at ?? ([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2] as const);
    this.points = points.toSpliced(index + 1, 0, clampToFrame(point));
    return index + 1;
  }

  remove(index: number): void {
    if (this.canRemove) this.points = this.points?.toSpliced(index, 1) ?? null;
  }

  /** It is kept, or it could not be: then what was drawn is still here. */
  #answered(isKept: boolean): void {
    if (!this.isSaving) return;
    this.isSaving = false;
    if (isKept) this.points = null;
  }
}

function startOf(road: RoadSource): readonly Point[] {
  const inside = road.kind === 'polygon' || road.kind === 'guess' ? insideFrame(road.points) : [];
  return inside.length >= FEWEST_POINTS && inside.length <= MOST_POINTS ? inside : FIRST_ROAD;
}
