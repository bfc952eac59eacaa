/** A message by field names; lists of numbers are arrays or typed arrays. */
export type Message = Readonly<Record<string, unknown>>;

/** Throws where the bytes are no such message. May give views of the bytes. */
export type Decode = (bytes: Uint8Array) => Message;
