import { readClientMessage } from '../../../server/api/client-message.ts';
import { clientMessages } from '../client-messages.ts';
import { mutateJson } from '../mutate/json.ts';
import { bytesOf, type FuzzTarget } from '../target.ts';

/** Control messages of recordings and live feeds, only read; `socket` sends them to a server. */
export function open(): FuzzTarget {
  return {
    make: (random) => bytesOf(mutateJson(random.pick(clientMessages), random)),
    run: (input) => readClientMessage(Buffer.from(input), false).type,
  };
}
