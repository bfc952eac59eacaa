import { exhaustionOf } from './exhaustion.ts';

/**
 * Every failure that a user can cause: a stable code, what it means, and the exit status of the
 * command line. The sentence and the next step are written where the error is raised, because only
 * there the names are known.
 */
export const ERROR_CODES = {
  USAGE: {
    exit: 2,
    meaning: 'The command line or a request asks for something that does not exist.',
  },
  INPUT_NOT_FOUND: {
    exit: 1,
    meaning: 'A file or folder that was named is not there, or may not be read.',
  },
  INPUT_EMPTY: { exit: 1, meaning: 'A file is empty.' },
  VIDEO_UNREADABLE: {
    exit: 1,
    meaning: 'ffmpeg cannot read the file as video, or no frame of it can be decoded.',
  },
  VIDEO_NO_PICTURE: { exit: 1, meaning: 'The file is media, but has no video stream.' },
  VIDEO_RATE_UNKNOWN: {
    exit: 1,
    meaning:
      'The stream has neither timestamps nor a frame rate, and nobody has said how many frames it has a second.',
  },
  CAMERA_UNKNOWN: { exit: 2, meaning: 'The drive has no camera of that name.' },
  VIDEO_TOO_LARGE: { exit: 1, meaning: 'The pictures have more pixels than are decoded.' },
  DRIVE_UNSUPPORTED: {
    exit: 1,
    meaning:
      'What was given as a recording is a drive of a format that Roadgaze does not read yet, or no recording.',
  },
  DRIVE_INVALID: {
    exit: 1,
    meaning: "A drive's own description is damaged, or lacks what it needs.",
  },
  VIDEO_INCOMPLETE: {
    exit: 1,
    meaning:
      'A pass over a recording ended before the recording did, so its results are of a part only.',
  },
  SETUP_FAILED: {
    exit: 1,
    meaning: 'Something that Roadgaze needs could not be installed or built on this machine.',
  },
  FFMPEG_MISSING: { exit: 1, meaning: 'No ffmpeg could be found or installed.' },
  FFMPEG_FAILED: { exit: 1, meaning: 'ffmpeg ended with an error that has no better code.' },
  MODEL_UNREADABLE: { exit: 1, meaning: 'The file is not a complete ONNX model.' },
  MODEL_OPERATOR_UNSUPPORTED: {
    exit: 1,
    meaning: 'The network uses an operator, or a form of one, that Roadgaze does not know.',
  },
  MODEL_NO_CONVOLUTION: {
    exit: 1,
    meaning:
      'The network has no convolution between its picture and the explained output, so it has no VisualBackProp mask.',
  },
  MODEL_INPUT_UNCLEAR: {
    exit: 1,
    meaning: 'It is not clear which input of the network takes the picture.',
  },
  MODEL_OUTPUT_UNCLEAR: {
    exit: 1,
    meaning: 'The output to explain does not exist or is not numeric.',
  },
  MODEL_SHAPE: { exit: 1, meaning: 'Shapes inside the network do not fit, or cannot be known.' },
  METHOD_UNKNOWN: { exit: 2, meaning: 'There is no explanation method of that name.' },
  METHOD_OPTION_INVALID: {
    exit: 2,
    meaning:
      'An option of an explanation method does not exist, or has a value that it cannot take.',
  },
  METHOD_UNSUITED: {
    exit: 1,
    meaning: 'The explanation method does not exist for a network of this kind.',
  },
  TENSOR_INVALID: {
    exit: 1,
    meaning: 'The .npy file is not a tensor, or not one that fits the picture of the network.',
  },
  SIDECAR_INVALID: { exit: 1, meaning: 'The model sidecar has a wrong, unknown or missing field.' },
  CROP_OUTSIDE_FRAME: {
    exit: 1,
    meaning: 'The crop of the sidecar does not lie inside the frame.',
  },
  ROAD_INVALID: {
    exit: 1,
    meaning: 'The road region is neither a road model, a polygon, nor ground truth.',
  },
  LOG_INVALID: { exit: 1, meaning: 'The drive log beside the video cannot be read.' },
  RANGES_INVALID: {
    exit: 1,
    meaning: 'A list of ranges of a recording is damaged, or its entries have no two ends.',
  },
  PROVIDER_UNAVAILABLE: {
    exit: 1,
    meaning: 'The execution provider that was asked for does not load on this machine.',
  },
  INFERENCE_FAILED: {
    exit: 1,
    meaning: 'ONNX Runtime refused the network or failed while running it.',
  },
  PORT_IN_USE: { exit: 1, meaning: 'Another program listens on that port.' },
  OUTPUT_NOT_WRITABLE: { exit: 1, meaning: 'Results cannot be written there.' },
  RECORDING_UNKNOWN: { exit: 1, meaning: 'There is no recording of that name.' },
  NETWORK_UNKNOWN: { exit: 1, meaning: 'The server has no network of that name.' },
  FEED_UNKNOWN: { exit: 1, meaning: 'The server has no live feed of that name.' },
  FEED_ADDRESS_INVALID: {
    exit: 2,
    meaning: 'The address of a live feed is malformed, or of a kind that Roadgaze does not open.',
  },
  FEED_UNREACHABLE: {
    exit: 1,
    meaning: 'A live feed cannot be opened, or its source has ended it.',
  },
  FEED_UNAUTHORIZED: {
    exit: 1,
    meaning: 'The source of a live feed refuses the user name and password, or asks for them.',
  },
  FEED_STALLED: { exit: 1, meaning: 'A live feed is open, but no picture comes.' },
  FEED_CHANGED: {
    exit: 1,
    meaning: 'A live feed has changed its picture or its clock, and is opened again.',
  },
  MACHINE_EXHAUSTED: {
    exit: 1,
    meaning: 'The machine has no more file descriptors, processes or memory.',
  },
  SERVER_BUSY: {
    exit: 1,
    meaning: 'The server does as much for others as it can, and cannot take on more now.',
  },
  PROTOCOL_VIOLATION: { exit: 1, meaning: 'A message on the socket does not follow the protocol.' },
  INTERNAL: { exit: 1, meaning: 'A defect in Roadgaze itself.' },
} as const satisfies Record<string, { exit: 1 | 2; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What crosses the socket and HTTP for an error. */
export interface ErrorReport {
  readonly code: ErrorCode;
  /** One plain sentence: what happened, with names. */
  readonly message: string;
  /** What to do next; one plain sentence. */
  readonly hint: string;
}

/** Characters that a person still reads. Names and lists in a file may have millions. */
const [MOST_READ, LAST_READ] = [1000, 300];

function readable(sentence: string): string {
  return sentence.length > MOST_READ
    ? `${sentence.slice(0, MOST_READ - LAST_READ)} … ${sentence.slice(-LAST_READ)}`
    : sentence;
}

export class RoadgazeError extends Error implements ErrorReport {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(readable(message), options);
    this.name = 'RoadgazeError';
    this.code = code;
    this.hint = readable(hint);
  }

  report(): ErrorReport {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/**
 * Any thrown value as a report. Where the machine ran out of something, that is told, whatever
 * failed for it. What else is not a RoadgazeError is a defect, and says so without a stack trace.
 */
export function reportOf(error: unknown): ErrorReport {
  const exhausted = exhaustionOf(error);
  if (exhausted) return { code: 'MACHINE_EXHAUSTED', ...exhausted };
  if (error instanceof RoadgazeError) return error.report();
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'INTERNAL',
    message: `Something unexpected failed: ${message.split('\n', 1)[0]}`,
    hint: 'Please report this, with the input that caused it.',
  };
}
