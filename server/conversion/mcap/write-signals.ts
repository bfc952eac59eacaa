import { firstAtOrAfter } from '../../../shared/ascending.ts';
import type { LogSignals } from '../log-signals.ts';
import type { McapChannel, McapDraft, NewChannel } from './mcap-draft.ts';
import { SIGNAL, SPEED, STEERING } from './messages.ts';

interface Track {
  readonly channel: McapChannel;
  readonly times: Float64Array;
  readonly values: (row: number) => Readonly<Record<string, number>>;
  next: number;
}

/** Writes the signals of a log between the pictures, each topic with times of its own. */
export class SignalTopics {
  readonly #draft: McapDraft;
  readonly #tracks: readonly Track[];
  readonly #instant: (seconds: number) => bigint;

  private constructor(
    draft: McapDraft,
    tracks: readonly Track[],
    instant: (seconds: number) => bigint,
  ) {
    this.#draft = draft;
    this.#tracks = tracks;
    this.#instant = instant;
  }

  /** Makes the topics. `instant`: ns of a time of the log. */
  static async begin(
    draft: McapDraft,
    { steering, speed, others }: LogSignals,
    instant: (seconds: number) => bigint,
  ): Promise<SignalTopics> {
    const tracks: Track[] = [];
    const add = async (
      channel: NewChannel,
      times: Float64Array,
      values: Track['values'],
    ): Promise<void> =>
      void tracks.push({ channel: await draft.channel(channel), times, values, next: 0 });
    if (steering) {
      const { angleOf, ratio } = steering;
      const metadata = {
        ...(angleOf ? { angleOf } : {}),
        ...(ratio ? { ratio: String(ratio.value) } : {}),
      };
      await add({ topic: '/steering', type: STEERING, metadata }, steering.times, (row) => ({
        angle_rad: steering.angle?.[row] ?? NaN,
        share: steering.share?.[row] ?? NaN,
      }));
    }
    if (speed)
      await add({ topic: '/speed', type: SPEED }, speed.times, (row) => ({
        speed_mps: speed.values[row]!,
      }));
    const topics = new Set<string>();
    for (const { name, unit, times, values } of others) {
      const metadata = { name, ...(unit === null ? {} : { unit }) };
      await add({ topic: topicOf(name, topics), type: SIGNAL, metadata }, times, (row) => ({
        value: values[row]!,
      }));
    }
    return new SignalTopics(draft, tracks, instant);
  }

  /** Writes what was logged before a time (s) and is not written yet. */
  async writeBefore(seconds: number): Promise<void> {
    for (const track of this.#tracks) {
      const end = firstAtOrAfter(track.times, seconds);
      for (; track.next < end; track.next++)
        await this.#draft.write(
          track.channel,
          this.#instant(track.times[track.next]!),
          track.values(track.next),
        );
    }
  }
}

/** `/signals/…`, each once; the name itself is in the metadata. */
function topicOf(name: string, taken: Set<string>): string {
  const path = name
    .replaceAll(/[^\w./[\]-]+/g, '_')
    .replaceAll(/\/{2,}/g, '/')
    .replaceAll(/^\/|\/$/g, '');
  const plain = `/signals/${path || 'unnamed'}`;
  let topic = plain;
  for (let number = 2; taken.has(topic); number++) topic = `${plain}_${number}`;
  taken.add(topic);
  return topic;
}
