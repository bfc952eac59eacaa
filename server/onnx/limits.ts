import { RoadgazeError, type ErrorCode } from '../../shared/errors.ts';

/**
 * What a network may ask for at most. A file of a few kB can ask for any amount of memory and time,
 * so everything is counted before it is allocated. Large networks in use stay well below: VGG-16 on
 * 1280×720 has 472 MB of values alive at once, and 0.3 · 10¹² products.
 */
export const LIMITS = {
  /**
   * Bytes of the file and of the weights beside it. A protobuf message ends at 2 GiB, and so does
   * what Node reads at once.
   */
  fileBytes: 2 ** 31 - 1,
  /**
   * Nodes of the graph, those of subgraphs included. Every one costs about a millisecond for each
   * method; published networks have up to 5000.
   */
  nodes: 10_000,
  /** Inputs of one node, and its outputs, and its attributes. The most in use join 100 values. */
  nodeEnds: 1000,
  /** Fields of all messages in the file. Each becomes a JavaScript object of about 100 bytes. */
  fields: 4_000_000,
  /** Graphs within graphs. Readers and ONNX Runtime go down by recursion, and their stacks end. */
  depth: 8,
  /** Inputs, and outputs. Each is listed in messages and looked at several times. */
  ends: 1000,
  /**
   * Axes of a tensor. Window attention needs 6 or 8; ONNX Runtime's loops slow down with every one.
   */
  rank: 16,
  /**
   * Characters in the name of a size that is left open, which grows with each calculation on it.
   */
  sizeName: 1000,
  /** Bytes of one name or string. */
  text: 1 << 20,
  /** Bytes of all names and strings together. A node in use has 200. */
  texts: 1 << 25,
  /** Bytes of one entry of the metadata: a sidecar, or a list of classes. */
  metadata: 1 << 24,
  /**
   * Pixels on a side of the picture. Browsers draw no larger canvas everywhere, and no camera of a
   * car is wider.
   */
  pictureSide: 8192,
  /** Pixels of the picture: a frame of 4K. */
  picturePixels: 3840 * 2160,
  /**
   * Pixels that a window reaches over, steps by or has as padding, along one axis. What is more
   * leaves any picture.
   */
  windowSide: 8192,
  /** Bytes of one tensor, for one picture. */
  tensorBytes: 2 ** 29,
  /** Bytes of all tensors that are alive at the same time, for one picture. */
  liveBytes: 2 ** 29,
  /** Rounds of a loop. Decoders in use have a few hundred. */
  rounds: 10_000,
  /** Products for one picture. Two CPU cores compute 10¹¹ a second. */
  products: 5e11,
  /**
   * Nodes, and bytes of constants, that explaining a network may add: a rule may need some for
   * every pixel of a window.
   */
  addedNodes: 100_000,
  addedBytes: 2 ** 30,
} as const;

/** The next step where a network asks for too much. */
export const SMALLER = 'Use a smaller network, or export it for a smaller picture.';

const beyond = new WeakSet<RoadgazeError>();

/** Whether a network asks for too much, whoever needs it. */
export function isBeyondLimit(error: RoadgazeError): boolean {
  return beyond.has(error);
}

/** `what` is what the network has too much of, as the end of a sentence; figures are in it. */
export function beyondLimit(
  source: string,
  what: string,
  hint: string = SMALLER,
  code: ErrorCode = 'MODEL_SHAPE',
): RoadgazeError {
  const error = new RoadgazeError(code, `${source} ${what}.`, hint);
  beyond.add(error);
  return error;
}

/** Bytes as a person reads them: 1.2 GB. */
export function inBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  const at = Math.min(
    units.length - 1,
    Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)),
  );
  const value = bytes / 1000 ** at;
  if (value >= 1000) return 'over 1000 EB';
  return `${at === 0 ? value : value.toPrecision(value >= 100 ? 3 : 2)} ${units[at]}`;
}

/** A large number as a person reads it: 12 345, or 1.2 · 10¹² as 1.2e12. */
export function inDigits(value: number): string {
  return value < 1e7 ? String(value) : value.toExponential(1).replace('e+', 'e');
}
