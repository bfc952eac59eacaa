import { parse as parseDefinition } from '@foxglove/rosmsg';
import { MessageReader as Ros1Reader } from '@foxglove/rosmsg-serialization';
import { MessageReader as CdrReader } from '@foxglove/rosmsg2-serialization';
import type { Topic } from '../store/message-store.ts';
import { knownDefinition } from './definitions.ts';
import type { Decode, Message } from './message.ts';
import { protobufDecoder } from './protobuf.ts';
import { checkDefinitions } from './safe-definitions.ts';

/** Longer definitions are not read; bytes. */
const LONGEST_DEFINITION = 4 << 20;
const LONGEST_JSON = 64 << 20;

/** How messages of a topic are read. Throws, in words after "it", where that is not known. */
export function decoderOf(topic: Topic): Decode {
  const { encoding, schema } = topic;
  if ((schema?.data.length ?? 0) > LONGEST_DEFINITION)
    throw new Error('has a definition of too many bytes');
  switch (encoding) {
    case 'cdr':
      return cdrDecoder(topic);
    case 'ros1':
      return ros1Decoder(topic);
    case 'protobuf':
      if (schema?.encoding !== 'protobuf') throw new Error('has no protobuf definition');
      return protobufDecoder(schema.data, schema.name);
    case 'json':
      return jsonMessage;
    default:
      throw new Error(
        `is written in ${encoding || 'an encoding without a name'}, which is not read`,
      );
  }
}

function cdrDecoder({ type, schema }: Topic): Decode {
  const text = schema?.encoding === 'ros2msg' ? textOf(schema.data) : '';
  const definitions = text === '' ? knownDefinition(type) : parseDefinition(text, { ros2: true });
  if (!definitions && schema?.encoding === 'ros2idl')
    throw new Error(`is of type ${type}, which is defined in IDL, and that is not read`);
  if (!definitions)
    throw new Error(`is of type ${type}, whose definition is neither in the file nor known`);
  const reader = new CdrReader(definitions);
  return (bytes) => reader.readMessage<Record<string, unknown>>(bytes);
}

function ros1Decoder({ type, schema }: Topic): Decode {
  const text = schema === null ? '' : textOf(schema.data);
  if (text === '') throw new Error(`is of type ${type}, whose definition is not in the file`);
  const definitions = parseDefinition(text);
  checkDefinitions(definitions);
  const reader = new Ros1Reader(definitions);
  return (bytes) => reader.readMessage<Record<string, unknown>>(bytes);
}

function jsonMessage(bytes: Uint8Array): Message {
  if (bytes.length > LONGEST_JSON)
    throw new Error(`it has more than ${LONGEST_JSON >> 20} MiB of JSON`);
  const value: unknown = JSON.parse(textOf(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('it is no JSON object');
  return value as Message;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}
