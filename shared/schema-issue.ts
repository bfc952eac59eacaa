import type { z } from 'zod';

/** Of a name out of a file or a message. */
const LONGEST = 100;

/**
 * What is wrong with a value that a schema refused, as the end of a sentence that begins with "it"
 * or a file's name: `lacks "t"`, `has an unknown field "x.y"`, `has a wrong "points.0": expected
 * number, received string`.
 */
export function issueInWords(issue: z.core.$ZodIssue): string {
  const named = (path: readonly PropertyKey[]) => `"${path.join('.').slice(0, LONGEST)}"`;
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return `has an unknown field ${named([...path, issue.keys[0]!])}`;
  if (path.length === 0) return issue.code === 'custom' ? issue.message : 'is not a JSON object';
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return `lacks ${named(path)}`;
  if (issue.code === 'invalid_value')
    return `has a wrong ${named(path)}: it must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  const detail = limitInWords(issue) ?? issue.message.replace(/^Invalid input(?:: )?/, '');
  return `has a wrong ${named(path)}${detail && `: ${detail}`}`;
}

function limitInWords(issue: z.core.$ZodIssue): string | null {
  const told = (limit: string, { origin }: { readonly origin: string }) =>
    origin === 'array'
      ? `it must have ${limit} entries`
      : origin === 'string'
        ? `it must have ${limit} characters`
        : `it must be ${limit}`;
  if (issue.code === 'too_small')
    return told(`${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`, issue);
  if (issue.code === 'too_big')
    return told(`${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`, issue);
  return null;
}
