import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import type { Decode } from './message.ts';

/** `FileDescriptorSet` with the type of a name. Throws where the type is not in it. */
export function protobufDecoder(descriptors: Uint8Array, name: string): Decode {
  const root = protobuf.Root.fromDescriptor(descriptors);
  const type = root.lookupType(name);
  return (bytes) =>
    type.toObject(type.decode(bytes), {
      longs: Number,
      enums: Number,
      defaults: true,
      arrays: true,
    });
}
