import { z } from 'zod';
import {
  commonFields,
  furtherOutputFields,
  furtherPictureFields,
  invalidSidecar,
  nested,
  outputFields,
  pictureFields,
  refuseIssue,
  signalFields,
  stateFields,
  valuesOf,
  type Feed,
  type Sidecar,
  type SignalFeed,
} from './sidecar-form.ts';

const versionTwo = z.strictObject({
  roadgaze: z.literal(2),
  ...commonFields,
  inputs: z.record(z.string(), z.unknown()).optional(),
  output: z.strictObject({ ...outputFields, ...furtherOutputFields }).optional(),
});

/** What an input is fed with, by the field that says so. */
const entries = {
  picture: z.strictObject({
    picture: z.strictObject({ ...pictureFields, ...furtherPictureFields }),
  }),
  constant: z.strictObject({ constant: nested }),
  signal: z.strictObject(signalFields),
  state: z.strictObject(stateFields),
};

type Kind = keyof typeof entries;

/**
 * As `parseSidecar`, of the second version, which has an entry for every input. Throws
 * SIDECAR_INVALID.
 */
export function sidecarOfVersionTwo(value: unknown, source: string): Sidecar {
  const result = versionTwo.safeParse(value);
  if (!result.success) refuseIssue(result.error, source);
  const { inputs = {}, ...rest } = result.data;
  const feeds: Record<string, Feed> = {};
  let input: Sidecar['input'];
  for (const [name, entry] of Object.entries(inputs)) {
    const read = <Of extends Kind>(kind: Of): z.infer<(typeof entries)[Of]> => {
      const found = entries[kind].safeParse(entry);
      if (!found.success) refuseIssue(found.error, source, ['inputs', name]);
      return found.data as z.infer<(typeof entries)[Of]>;
    };
    switch (kindOf(name, entry, source)) {
      case 'constant':
        feeds[name] = { constant: valuesOf(read('constant').constant) };
        break;
      case 'state': {
        const { start, ...state } = read('state');
        feeds[name] = { ...state, ...(start === undefined ? {} : { start: valuesOf(start) }) };
        break;
      }
      case 'signal':
        feeds[name] = checkedSignal(name, read('signal'), source);
        break;
      case 'picture':
        if (input) feeds[name] = { picture: read('picture').picture };
        else input = { tensor: name, ...read('picture').picture };
    }
  }
  return { ...rest, ...(input ? { input } : {}), feeds };
}

function checkedSignal(name: string, feed: SignalFeed, source: string): SignalFeed {
  const { oneHot, otherwise, signal } = feed;
  const wrong = (field: string, what: string) =>
    invalidSidecar(source, `has a wrong ${JSON.stringify(`inputs.${name}.${field}`)}: ${what}`);
  if (
    oneHot !== undefined &&
    !(Number.isInteger(otherwise) && otherwise >= 0 && otherwise < oneHot)
  )
    throw wrong('otherwise', `it must be a place from 0 to ${oneHot - 1}`);
  if (oneHot !== undefined && Array.isArray(signal) && signal.length > 1)
    throw wrong('signal', 'with "oneHot" it must be one');
  return feed;
}

function kindOf(name: string, entry: unknown, source: string): Kind {
  const kinds = Object.keys(entries) as Kind[];
  const kind = kinds.find(
    (each) => typeof entry === 'object' && entry !== null && Object.hasOwn(entry, each),
  );
  if (kind) return kind;
  const listed = kinds.map((each) => JSON.stringify(each)).join(' or ');
  throw invalidSidecar(
    source,
    `has a wrong ${JSON.stringify(`inputs.${name}`)}: it must have ${listed}`,
  );
}
