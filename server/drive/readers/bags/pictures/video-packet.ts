/** Codecs of which packets lie in messages. */
export type PacketCodec = 'h264' | 'hevc' | 'vp9' | 'av1';

/** `h264`, `libx264`, `hevc_nvenc`, `h265`, `h264;yuv420p;bgr8;bgr8` … null: none that is read. */
export function packetCodec(format: string): PacketCodec | null {
  const name = format.toLowerCase().split(';', 1)[0]!;
  if (/264|avc/.test(name)) return 'h264';
  if (/265|hevc/.test(name)) return 'hevc';
  if (name.includes('vp9')) return 'vp9';
  return name.includes('av1') ? 'av1' : null;
}

/** Whether the packet's pictures start with a start code, as streams without a container have it. */
export function isAnnexB(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && (bytes[2] === 1 || (bytes[2] === 0 && bytes[3] === 1));
}

/** Decoding can start here. Looks no further than the first slice or header that tells. */
export function isKeyPacket(codec: PacketCodec, bytes: Uint8Array): boolean {
  switch (codec) {
    case 'h264':
      return firstTelling(bytes, (head) => {
        const type = head & 31;
        if (type === 5 || type === 7) return true;
        return type >= 1 && type <= 4 ? false : null;
      });
    case 'hevc':
      return firstTelling(bytes, (head) => {
        const type = (head >> 1) & 63;
        if ((type >= 16 && type <= 21) || type === 33) return true;
        return type < 32 ? false : null;
      });
    case 'vp9':
      return isVp9Key(bytes[0] ?? 0);
    case 'av1':
      return hasSequenceHeader(bytes);
  }
}

/** Goes through the units of an Annex B packet until one of them tells. */
function firstTelling(bytes: Uint8Array, tell: (head: number) => boolean | null): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = buffer.indexOf('\0\0\u0001', 0, 'latin1'); at >= 0;) {
    const told = tell(buffer[at + 3] ?? 0);
    if (told !== null) return told;
    at = buffer.indexOf('\0\0\u0001', at + 3, 'latin1');
  }
  return false;
}

/** frame_marker 2, profile 2 (and one bit more in profile 3), show_existing_frame, frame_type. */
function isVp9Key(head: number): boolean {
  if (head >> 6 !== 2) return false;
  const isProfile3 = ((head >> 4) & 3) === 3;
  const [showExisting, frameType] = isProfile3 ? [4, 2] : [8, 4];
  return (head & showExisting) === 0 && (head & frameType) === 0;
}

/** Temporal units at which decoding can start begin with one, after their delimiter. */
function hasSequenceHeader(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length;) {
    const head = bytes[at]!;
    const type = (head >> 3) & 15;
    if (type === 1) return true;
    if (type !== 2 && type !== 5) return false;
    at += (head & 4) === 0 ? 1 : 2;
    if ((head & 2) === 0) return false;
    let size = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return false;
}
