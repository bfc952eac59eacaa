/**
 * The number of a network that is shown and explained: where it stands, and what it may be called.
 */
export interface ExplainedNumber {
  /** Name of the network's output. */
  readonly tensor: string;
  /** Its element, from 0, of so many. */
  readonly index: number;
  readonly elements: number;
  readonly meaning: NumberMeaning;
  /** How the number is read of bins; left out where it is none of theirs. */
  readonly bins?: 'argmax' | 'expectation';
}

export type NumberMeaning =
  /** The only number of an output, or what the sidecar says is it. */
  | 'steering'
  /** One of several, of which nobody said what it is. */
  | 'unknown'
  /** How much speaks for one bin of a categorical head: never an angle. */
  | 'probability'
  | 'log-probability'
  | 'score';

/**
 * `steering`, `element 1 of 15 of output "y"`, `probability of bin 1 of 15 of output "angle"`: what
 * the number is called, counted from 1.
 */
export function numberName(number: ExplainedNumber): string {
  const { tensor, index, elements, meaning } = number;
  if (meaning === 'steering') return 'steering';
  return meaning === 'unknown'
    ? numberPlace(number)
    : `${meaning} of bin ${index + 1} of ${elements} of output "${tensor}"`;
}

/** As `numberName`, where space is short: `element 1 of 15`. */
export function shortNumberName(number: ExplainedNumber): string {
  return numberName(number).replace(/ of output .*$/, '');
}

/** Where the number stands, also of one that is called steering. */
export function numberPlace({ tensor, index, elements, bins }: ExplainedNumber): string {
  if (bins === 'argmax') return `the bin of output "${tensor}" that wins`;
  if (bins === 'expectation') return `the mean over the bins of output "${tensor}"`;
  return elements === 1
    ? `output "${tensor}"`
    : `element ${index + 1} of ${elements} of output "${tensor}"`;
}

export function isSteering({ meaning }: Pick<ExplainedNumber, 'meaning'>): boolean {
  return meaning === 'steering';
}
