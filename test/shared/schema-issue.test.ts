import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { issueInWords } from '../../shared/schema-issue.ts';

const schema = z.strictObject({
  t: z.number(),
  kind: z.enum(['a', 'b']).optional(),
  points: z.array(z.tuple([z.number(), z.number()])).optional(),
  scale: z.union([z.number(), z.array(z.number())]).optional(),
  share: z.number().positive().max(1).optional(),
  name: z.string().min(1).optional(),
  list: z.array(z.number()).max(1).optional(),
});
const wordsOf = (value: unknown) => issueInWords(schema.safeParse(value).error!.issues[0]!);

test('what is wrong with a value is told by its field, in plain words', () => {
  assert.equal(wordsOf({}), 'lacks "t"');
  assert.equal(wordsOf({ t: 1, points: [[0]] }).split(':')[0], 'has a wrong "points.0"');
  assert.equal(
    wordsOf({ t: 1, points: [[0, '1']] }),
    'has a wrong "points.0.1": expected number, received string',
  );
  assert.equal(wordsOf({ t: 1, kind: 'c' }), 'has a wrong "kind": it must be "a" or "b"');
  assert.equal(wordsOf({ t: 1, scale: 'x' }), 'has a wrong "scale"');
  assert.equal(wordsOf({ t: 1, more: 2 }), 'has an unknown field "more"');
  assert.equal(wordsOf({ t: 1, share: 0 }), 'has a wrong "share": it must be more than 0');
  assert.equal(wordsOf({ t: 1, share: 2 }), 'has a wrong "share": it must be at most 1');
  assert.equal(
    wordsOf({ t: 1, name: '' }),
    'has a wrong "name": it must have at least 1 characters',
  );
  assert.equal(
    wordsOf({ t: 1, list: [1, 2] }),
    'has a wrong "list": it must have at most 1 entries',
  );
  assert.equal(wordsOf([]), 'is not a JSON object');
});

test('what a rule of its own says is told in its words', () => {
  const told = (rule: z.ZodType) => issueInWords(rule.safeParse({ a: 1 }).error!.issues[0]!);
  const never = () => false;
  assert.equal(told(z.looseObject({}).refine(never, 'names no feed')), 'names no feed');
  assert.equal(
    told(z.object({ a: z.number().refine(never, 'not an "Invalid input: x"') })),
    'has a wrong "a": not an "Invalid input: x"',
  );
});

test('a long name is cut', () => {
  assert.equal(
    wordsOf({ t: 1, ['x'.repeat(5000)]: 2 }),
    `has an unknown field "${'x'.repeat(100)}"`,
  );
});
