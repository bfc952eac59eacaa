import type { ServerMessage } from '../../shared/protocol/control-messages.ts';

/** Where what one viewer sees goes. */
export interface ViewOutput {
  send(message: ServerMessage): void;
  sendBuffers(buffers: readonly Uint8Array[]): void;
  /** Bytes that wait to be sent. */
  buffered(): number;
  /** Calls `listener` as bytes are sent, until the function that this returns is called. */
  onSent(listener: () => void): () => void;
}
