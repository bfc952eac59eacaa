import { invalidSidecar, refuseIssue, versionOne, type Sidecar } from './sidecar-form.ts';
import { sidecarOfVersionTwo } from './sidecar-version-2.ts';

export type { Sidecar } from './sidecar-form.ts';

/**
 * Reads a sidecar, which says what a graph cannot say of itself, from its JSON text; `source` names
 * it in messages. Unknown fields are errors, so that a slip is noticed. Throws SIDECAR_INVALID,
 * which names the field.
 */
export function parseSidecar(text: string, source: string): Sidecar {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidSidecar(source, 'is not JSON');
  }
  const sidecar =
    (value as { roadgaze?: unknown } | null)?.roadgaze === 2
      ? sidecarOfVersionTwo(value, source)
      : sidecarOfVersionOne(value, source);
  if (sidecar.kind === 'steering' && sidecar.output?.threshold !== undefined)
    throw invalidSidecar(source, 'has output.threshold, which only a "road" network has');
  return sidecar;
}

function sidecarOfVersionOne(value: unknown, source: string): Sidecar {
  const result = versionOne.safeParse(value);
  if (!result.success) refuseIssue(result.error, source);
  return result.data;
}
