/**
 * `roadgaze/protocol`: what a server sends. `decodeFrame` reads a binary frame message; the types
 * are those of the JSON messages on the same WebSocket.
 */
export { decodeFrame, type FrameMessage } from '../../shared/protocol/decode-frame.ts';
export {
  PROTOCOL_VERSION,
  SUBPROTOCOL,
  type ClientMessage,
  type ServerMessage,
} from '../../shared/protocol/control-messages.ts';
export { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
