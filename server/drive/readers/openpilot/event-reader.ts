import { Message, ObjectSize, Struct, utils } from 'capnp-es';
import { NumberColumn } from '../../log/number-column.ts';
import {
  FRAME,
  FRAME_EVENTS,
  NUMBER_EVENTS,
  type CameraClock,
  type EventKind,
} from './event-fields.ts';

/** When frames were taken, as a log tells, in the order of the log. */
export interface LoggedFrames {
  /** Of the segment that a frame belongs to. */
  readonly segments: Float64Array;
  /** Of a frame within its segment, from 0. */
  readonly numbers: Float64Array;
  /** Seconds since the device was started: begin of the exposure, else its end, else of the event. */
  readonly times: Float64Array;
}

export interface LoggedNumbers {
  /** Of the events, such as `carState`. */
  readonly name: string;
  /** Seconds since the device was started. */
  readonly times: Float64Array;
  /** By the names of their fields; NaN where an event has none. */
  readonly columns: ReadonlyMap<string, Float64Array>;
}

export interface LogContents {
  readonly frames: ReadonlyMap<CameraClock, LoggedFrames>;
  readonly numbers: readonly LoggedNumbers[];
  readonly events: number;
  /** What is wrong with it, clauses that go on from the file's name. */
  readonly notes: readonly string[];
}

const NANOSECONDS = 1e9;
const KIND = 8;

/** Any struct: how large one is, it says itself. */
class Body extends Struct {
  static override readonly _capnp = { displayName: 'Body', id: '0', size: new ObjectSize(0, 0) };
}

const AS_USUAL = Buffer.from([0, 0, 0, 0, 2, 0, 1, 0]);

/**
 * Whether an event is of a kind that is read, as far as a look at it shows. Most are not, and take
 * far longer to read than to look at: the usual one has a single segment that begins with its root.
 */
function mayBeWanted(event: Uint8Array): boolean {
  const bytes = Buffer.from(event.buffer, event.byteOffset, event.byteLength);
  const isUsual = bytes.readUInt32LE(0) === 0 && bytes.compare(AS_USUAL, 0, 8, 8, 16) === 0;
  if (!isUsual || bytes.length < 32) return true;
  const kind = bytes.readUInt16LE(16 + KIND);
  return FRAME_EVENTS.has(kind) || NUMBER_EVENTS.has(kind);
}

/** Gathers what is read of events. */
export class EventReader {
  readonly #frames = new Map<CameraClock, [NumberColumn, NumberColumn, NumberColumn]>();
  readonly #numbers = new Map<
    string,
    { readonly times: NumberColumn; readonly columns: ReadonlyMap<string, NumberColumn> }
  >();
  #events = 0;
  #unreadable = 0;

  take(event: Uint8Array): void {
    this.#events++;
    if (!mayBeWanted(event)) return;
    try {
      this.#read(event);
    } catch {
      // Whatever stands in it: pointers that lead out of it, or in circles.
      this.#unreadable++;
    }
  }

  contents(notes: readonly string[]): LogContents {
    const damaged = this.#unreadable;
    return {
      frames: new Map(
        [...this.#frames].map(([clock, [segments, numbers, times]]) => [
          clock,
          { segments: segments.values(), numbers: numbers.values(), times: times.values() },
        ]),
      ),
      numbers: [...this.#numbers].map(([name, { times, columns }]) => ({
        name,
        times: times.values(),
        columns: new Map([...columns].map(([field, column]) => [field, column.values()])),
      })),
      events: this.#events,
      notes: [
        ...notes,
        ...(damaged > 0 ? [`has ${damaged} damaged events, which are left out`] : []),
      ],
    };
  }

  #read(event: Uint8Array): void {
    const root = new Message(event, false).getRoot(Body);
    const kind = utils.getUint16(KIND, root);
    const clock = FRAME_EVENTS.get(kind);
    const kinds = NUMBER_EVENTS.get(kind);
    if (clock === undefined && kinds === undefined) return;
    const time = Number(utils.getUint64(0, root)) / NANOSECONDS;
    const body = utils.getStruct(0, Body, root);
    if (clock !== undefined) this.#frame(clock, time, body);
    for (const each of kinds ?? []) {
      const part = each.path.reduce((from, pointer) => utils.getStruct(pointer, Body, from), body);
      this.#take(each, time, part);
    }
  }

  #frame(clock: CameraClock, time: number, body: Struct): void {
    let columns = this.#frames.get(clock);
    if (!columns) {
      columns = [new NumberColumn(), new NumberColumn(), new NumberColumn()];
      this.#frames.set(clock, columns);
    }
    const [segments, numbers, times] = columns;
    const { bytes, data } = dataOf(body);
    const instant = (at: number): number =>
      at + 8 <= bytes ? Number(data.getBigUint64(at, true)) / NANOSECONDS : 0;
    const segment = data.getInt32(FRAME.segment, true);
    const number = data.getUint32(FRAME.number, true);
    times.push(instant(FRAME.begin) || instant(FRAME.end) || time);
    segments.push(segment);
    numbers.push(number);
  }

  #take({ name, fields }: EventKind, time: number, body: Struct): void {
    let known = this.#numbers.get(name);
    if (!known) {
      known = {
        times: new NumberColumn(),
        columns: new Map(fields.map((field) => [field.name, new NumberColumn()])),
      };
      this.#numbers.set(name, known);
    }
    const { bytes, data } = dataOf(body);
    known.times.push(time);
    for (const { name: field, at, isTruth } of fields) {
      const value = isTruth
        ? at >> 3 < bytes
          ? (data.getUint8(at >> 3) >> (at & 7)) & 1
          : NaN
        : at + 4 <= bytes
          ? data.getFloat32(at, true)
          : NaN;
      known.columns.get(field)!.push(value);
    }
  }
}

/** The numbers of a struct, found and checked once for all of its fields. */
function dataOf(body: Struct): { readonly bytes: number; readonly data: DataView } {
  const bytes = utils.getSize(body).dataByteLength;
  const { segment, byteOffset } = utils.getDataSection(body);
  return { bytes, data: new DataView(segment.buffer, byteOffset, bytes) };
}
