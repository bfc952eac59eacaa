/**
 * Close codes of the WebSocket that are Roadgaze's own (4000–4999), and the standard ones that it
 * uses.
 */
export const CLOSE_CODES = {
  /** The server is being stopped. Try again later. */
  GOING_AWAY: 1001,
  /** A client message is larger than the server reads. A defect of the client: do not try again. */
  TOO_LARGE: 1009,
  /** The server failed in a way it has no better code for. Try again. */
  INTERNAL: 1011,
  /**
   * A client message does not follow the protocol; an `error` message before the close says how. Do
   * not try again.
   */
  PROTOCOL_VIOLATION: 4400,
  /**
   * More waits to be sent than the server keeps: the client reads too slowly, or not at all. Try
   * again later.
   */
  UNREAD: 4408,
  /**
   * The server has no room for another viewer; an `error` message before the close says so. Try
   * again later.
   */
  BUSY: 4503,
} as const;
