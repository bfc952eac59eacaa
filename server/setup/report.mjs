// @ts-check

/** A failure that a person can do something about: a code, one sentence, and what to do next. */
export class SetupError extends Error {
  /**
   * @param {'SETUP_FAILED' | 'FFMPEG_MISSING'} code
   * @param {string} sentence
   * @param {string} hint
   */
  constructor(code, sentence, hint) {
    super(sentence);
    this.code = code;
    this.hint = hint;
  }
}

/** @param {string} line */
export function tell(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {unknown} error */
export function reportAndExit(error) {
  const known = error instanceof SetupError;
  if (process.env['ROADGAZE_DEBUG'] === '1') console.error(error);
  const sentence = known
    ? error.message
    : `Setting up failed: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}.`;
  const hint = known
    ? error.hint
    : 'Check that the folder of Roadgaze can be written to, and try again.';
  tell(`error ${known ? error.code : 'SETUP_FAILED'}: ${sentence}\n  → ${hint}`);
  process.exit(1);
}
