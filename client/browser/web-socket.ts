import { SUBPROTOCOL } from '../../shared/protocol/control-messages.ts';
import type { Socket, SocketHandlers } from '../stream/connection.svelte.ts';

/** The socket to the server that this page came from. */
export function openWebSocket({ opened, received, closed }: SocketHandlers): Socket {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/api/stream`, SUBPROTOCOL);
  socket.binaryType = 'arraybuffer';
  socket.onopen = opened;
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => received(data);
  socket.onclose = ({ code }) => closed(code);
  return {
    send: (text) => {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(text);
      return true;
    },
    close: () => socket.close(),
  };
}
