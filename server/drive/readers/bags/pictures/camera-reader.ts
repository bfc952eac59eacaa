import { decoderOf } from '../messages/decoder.ts';
import type { Decode } from '../messages/message.ts';
import { leadingStamp, stampOf } from '../messages/stamp.ts';
import { inWords } from '../store/damage-notes.ts';
import type { StoredMessage, Topic } from '../store/message-store.ts';
import type { RecordedBag } from '../store/recorded-bag.ts';
import { pictureClock, type PictureClock } from './picture-clock.ts';
import {
  codecInWords,
  isSameCodec,
  pictureOf,
  type PictureCodec,
  type PictureMessage,
} from './picture-message.ts';
import { pictureKind, type PictureKind } from './picture-topics.ts';

/** A camera's pictures, in the order of their times. */
export interface BagIndex {
  readonly codec: PictureCodec;
  /** Seconds from the first picture. */
  readonly pts: Float64Array;
  /** null: every one. */
  readonly keyframes: Int32Array | null;
  /** The first picture's time, ns. */
  readonly origin: bigint;
  readonly isStamped: boolean;
  readonly notes: readonly string[];
}

/** Where pictures lie. */
interface Found {
  readonly codec: PictureCodec;
  readonly clock: PictureClock;
  readonly index: BagIndex;
  readonly file: Int32Array;
  readonly block: Int32Array;
  readonly at: Float64Array;
}

/** First pictures of a camera, which tell what it is before all of them are found. */
const FIRST = 24;
/** Pictures that are looked at for one that can be read, or for one at which decoding can start. */
const TRIED = 600;

/** The pictures of one topic. Throws clauses. */
export class CameraReader {
  readonly #bag: RecordedBag;
  readonly #key: string;
  readonly #topic: Topic;
  readonly #kind: PictureKind;
  readonly #decode: Decode;
  #brief: Promise<Found> | null = null;
  #whole: Promise<Found> | null = null;

  constructor(bag: RecordedBag, key: string, topic: Topic) {
    this.#bag = bag;
    this.#key = key;
    this.#topic = topic;
    this.#kind = pictureKind(topic) ?? 'pixels';
    try {
      this.#decode = decoderOf(topic);
    } catch (error) {
      throw new Error(`its topic ${topic.name} ${inWords(error)}`, { cause: error });
    }
  }

  /** Of the first pictures only, or of all. */
  async index(isBrief: boolean): Promise<BagIndex> {
    return (await this.#found(isBrief)).index;
  }

  async clock(): Promise<PictureClock> {
    return (await this.#found(false)).clock;
  }

  /** Bytes of their own; or why there are none, a clause that names the picture. */
  async picture(isBrief: boolean, number: number): Promise<Uint8Array | string> {
    const { codec, file, block, at } = await this.#found(isBrief);
    const place = { file: file[number]!, block: block[number]!, at: at[number]! };
    let bytes: Uint8Array;
    try {
      bytes = await this.#bag.read(place);
    } catch (error) {
      return `picture ${number} of ${this.#topic.name} cannot be read: ${inWords(error)}`;
    }
    try {
      const picture = this.#picture(bytes);
      if (!isSameCodec(picture.codec, codec))
        throw new Error(
          `is ${codecInWords(picture.codec)}, and the first one is ${codecInWords(codec)}`,
        );
      return new Uint8Array(picture.bytes);
    } catch (error) {
      return `picture ${number} of ${this.#topic.name} ${inWords(error)}`;
    }
  }

  #found(isBrief: boolean): Promise<Found> {
    return isBrief ? (this.#brief ??= this.#find(true)) : (this.#whole ??= this.#find(false));
  }

  #picture(bytes: Uint8Array): PictureMessage {
    let message;
    try {
      message = this.#decode(bytes);
    } catch (error) {
      throw new Error(`cannot be read as ${this.#topic.type}: ${inWords(error)}`, { cause: error });
    }
    return pictureOf(this.#kind, message);
  }

  async #find(isBrief: boolean): Promise<Found> {
    const file: number[] = [];
    const block: number[] = [];
    const at: number[] = [];
    const stamps: bigint[] = [];
    const logTimes: bigint[] = [];
    const isKey: boolean[] = [];
    let codec: PictureCodec | null = null;
    let reason = 'has no pictures';
    let hasKey = false;
    let undecodable = 0;
    const visit = (message: StoredMessage): void | false => {
      let key = true;
      if (!codec || this.#isOfPackets(codec)) {
        try {
          const picture = this.#picture(message.bytes);
          codec ??= picture.codec;
          key = picture.isKey;
        } catch (error) {
          if (!codec) reason = `has no picture that can be read: its first one ${inWords(error)}`;
          key = false;
        }
      }
      hasKey ||= key;
      if (!hasKey && this.#isOfPackets(codec)) {
        // Pictures before the first whole one cannot be decoded.
        if (++undecodable > TRIED && isBrief) return false;
        return;
      }
      file.push(message.file);
      block.push(message.block);
      at.push(message.at);
      stamps.push(this.#stamp(message.bytes));
      logTimes.push(message.logTime);
      isKey.push(key);
      if (isBrief && file.length >= (codec ? FIRST : TRIED)) return false;
    };
    await this.#bag.scan(new Set([this.#key]), visit);
    if (!codec || file.length === 0) {
      if (undecodable > 0) reason = 'has no picture at which decoding could start';
      throw new Error(`its topic ${this.#topic.name} ${reason}`);
    }

    const isOfPackets = this.#isOfPackets(codec);
    const clock = pictureClock(
      { stamps: BigInt64Array.from(stamps), logTimes: BigInt64Array.from(logTimes) },
      isOfPackets,
    );
    const { pts, order, origin, delay } = clock;
    return {
      codec,
      clock,
      file: Int32Array.from(order, (i) => file[i]!),
      block: Int32Array.from(order, (i) => block[i]!),
      at: Float64Array.from(order, (i) => at[i]!),
      index: {
        codec,
        pts,
        keyframes: isOfPackets ? Int32Array.from(order.filter((i) => isKey[i]!)) : null,
        origin,
        isStamped: delay !== null,
        notes: [
          ...(undecodable > 0
            ? [
                `the first ${undecodable} pictures lie before one at which decoding can start, and are left out.`,
              ]
            : []),
          ...clock.notes,
        ],
      },
    };
  }

  /** Cameras also send H.264 as compressed pictures. */
  #isOfPackets(codec: PictureCodec | null): boolean {
    return (
      this.#kind === 'packet' ||
      codec === 'h264' ||
      codec === 'hevc' ||
      codec === 'vp9' ||
      codec === 'av1'
    );
  }

  /** 0: it does not say. */
  #stamp(bytes: Uint8Array): bigint {
    const { encoding, type } = this.#topic;
    // Of ROS 1, types of Foxglove have no header.
    if (encoding === 'cdr' || (encoding === 'ros1' && !type.startsWith('foxglove')))
      return leadingStamp(encoding, bytes) ?? 0n;
    try {
      return stampOf(this.#decode(bytes));
    } catch {
      return 0n;
    }
  }
}
