import type { AngleOf } from '../../../shared/steering.ts';

/**
 * What a log's columns are, and what is known of their units because a certain tool writes such a
 * log.
 */
export interface ToolLayout {
  /** As it is told to the user. */
  readonly tool: string;
  readonly headings: readonly string[];
  /** The first line is a row already. */
  readonly headless: boolean;
  /** Columns by index; −1: there is none. `timeIsName`: the time is in the name of a picture. */
  readonly time: number;
  readonly timeIsName: boolean;
  readonly timeUnit: string | null;
  readonly steering: number;
  readonly steeringUnit: 'rad' | 'deg' | 'normalized';
  readonly positive: 'left' | 'right';
  /** Whose angle it is, or is at full lock; null: it is none. */
  readonly angleOf: AngleOf | null;
  /** Degrees at which a normalised steering is 1, where the tool fixes it. */
  readonly fullLockDegrees: number | null;
  readonly speed: number;
  readonly speedUnit: string | null;
  /** Makes the cells of a row out of those that separators give. */
  readonly split: ((cells: string[]) => string[]) | null;
}

const PICTURE = /\.(jpe?g|png|bmp)$/i;
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i;
const NAMED_TIME = /\d{4}[_-]\d{2}[_-]\d{2}[_-]\d{2}[_-]\d{2}[_-]\d{2}[_-]\d{3,9}\.\w+$/;
const UDACITY = ['center', 'left', 'right', 'steering', 'throttle', 'brake', 'speed'];

type Recogniser = (first: readonly string[], second: readonly string[] | null) => ToolLayout | null;

/**
 * Steering is the angle by 25°, positive to the right, speed in miles an hour; the pictures' names
 * are the only time.
 */
const udacitySimulator: Recogniser = (first, second) => {
  const headless =
    first.length === UDACITY.length &&
    PICTURE.test(first[0]!) &&
    first.slice(3).every((cell) => NUMBER.test(cell));
  const named = UDACITY.every((name, index) => first[index]?.toLowerCase() === name);
  if (!headless && !named) return null;
  const picture = headless ? first[0]! : (second?.[0] ?? '');
  return {
    tool: 'the Udacity simulator',
    headings: headless ? UDACITY : first,
    headless,
    time: NAMED_TIME.test(picture) ? 0 : -1,
    timeIsName: true,
    timeUnit: null,
    steering: 3,
    steeringUnit: 'normalized',
    positive: 'right',
    angleOf: 'tyre',
    fullLockDegrees: 25,
    speed: 6,
    speedUnit: 'mph',
    split: null,
  };
};

/** −1…1, positive to the right. */
const donkeycar: Recogniser = (first) => {
  const names = first.map((cell) => cell.toLowerCase());
  if (!names.includes('user/angle')) return null;
  return {
    tool: 'Donkeycar',
    headings: first,
    headless: false,
    time: names.indexOf('_timestamp_ms'),
    timeIsName: false,
    timeUnit: 'ms',
    steering: names.indexOf('user/angle'),
    steeringUnit: 'normalized',
    positive: 'right',
    angleOf: null,
    fullLockDegrees: null,
    speed: -1,
    speedUnit: null,
    split: null,
  };
};

/**
 * The driver's steering wheel as the car's own messages have it: radians, positive to the left;
 * speed in m/s.
 */
const udacityChallenge: Recogniser = (first) => {
  const names = first.map((cell) => cell.toLowerCase());
  if (!['timestamp', 'frame_id', 'angle', 'torque', 'speed'].every((name) => names.includes(name)))
    return null;
  return {
    tool: 'the Udacity self-driving challenge',
    headings: first,
    headless: false,
    time: names.indexOf('timestamp'),
    timeIsName: false,
    timeUnit: null,
    steering: names.indexOf('angle'),
    steeringUnit: 'rad',
    positive: 'left',
    angleOf: 'wheel',
    fullLockDegrees: null,
    speed: names.indexOf('speed'),
    speedUnit: 'm/s',
    split: null,
  };
};

/**
 * `12.jpg 5.72,2018-07-01 17:09:44:600`, older ones without the date: degrees of the steering
 * wheel, positive to the right.
 */
const sullyChen: Recogniser = (first) => {
  const [picture, angle, ...more] = first[0]!.split(/\s+/);
  if (
    !picture ||
    !angle ||
    more.length > 0 ||
    first.length > 2 ||
    !PICTURE.test(picture) ||
    !NUMBER.test(angle)
  )
    return null;
  return {
    tool: 'the SullyChen data set',
    headings: ['picture', 'steering', ...(first.length > 1 ? ['time'] : [])],
    headless: true,
    time: first.length > 1 ? 2 : -1,
    timeIsName: false,
    timeUnit: null,
    steering: 1,
    steeringUnit: 'deg',
    positive: 'right',
    angleOf: 'wheel',
    fullLockDegrees: null,
    speed: -1,
    speedUnit: null,
    split: (cells) => [...cells[0]!.split(/\s+/), ...cells.slice(1)],
  };
};

const RECOGNISERS: readonly Recogniser[] = [
  udacitySimulator,
  donkeycar,
  udacityChallenge,
  sullyChen,
];

/**
 * The tool that wrote a log, by the cells of its first two lines; null where none is known by them.
 */
export function recogniseTool(
  first: readonly string[],
  second: readonly string[] | null,
): ToolLayout | null {
  for (const recognise of RECOGNISERS) {
    const layout = recognise(first, second);
    if (layout) return layout;
  }
  return null;
}
