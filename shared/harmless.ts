/**
 * Controls, marks that turn the direction of writing, characters without a width, line separators,
 * and halves of surrogate pairs: in a name they could steer a terminal, or make it look like
 * another one.
 */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

/**
 * A text that came from outside, for people: what cannot be seen in it, or would do something, is
 * spelt out, as `‹U+202E›`. Names stay what they are; only what is shown changes.
 */
export function harmless(text: string): string {
  return text.replace(
    UNSEEN,
    (character) => `‹U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}›`,
  );
}

/** Whether JSON text holds anything that `harmless` would spell out. */
export function mayHarm(json: string): boolean {
  UNSEEN.lastIndex = 0;
  return UNSEEN.test(json) || /\\(?:[bfnrt]|u00[01]|ud[89a-f])/i.test(json);
}
