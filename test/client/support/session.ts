import type { TestContext } from 'node:test';
import type { SessionStart, SessionTools } from '../../../client/stream/session.ts';
import type { ServerMessage } from '../../../shared/protocol/control-messages.ts';
import '../../support/runes.ts';
import { HandClock } from './hand-clock.ts';
import { frame, hello, METHOD, opened, rows, openedFeed, type FrameChange } from './messages.ts';
import { ScriptedServer } from './scripted-server.ts';

const { createSession } = await import('../../../client/stream/session.ts');

/** What stands for a decoded picture. */
export class TestPicture {
  isClosed = false;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Everything that a page has, with a server on a real socket behind it. */
export async function pageTools(t: Pick<TestContext, 'after'>) {
  const server = await ScriptedServer.start(t);
  const clock = new HandClock();
  const pictures: TestPicture[] = [];
  const tools: SessionTools<TestPicture> = {
    now: clock.now,
    nextFrame: clock.nextFrame,
    openSocket: server.open,
    // A byte 0 cannot be decoded.
    decode: async (jpeg) => {
      if (jpeg[0] === 0) throw new Error('damaged');
      const picture = new TestPicture(jpeg);
      pictures.push(picture);
      return picture;
    },
  };
  return { server, clock, pictures, tools };
}

/** A page's session with a server that has said hello. */
export async function startSession(
  t: Pick<TestContext, 'after'>,
  {
    greeting = hello(),
    ...start
  }: Partial<SessionStart> & { readonly greeting?: ServerMessage } = {},
) {
  const { server, clock, pictures, tools } = await pageTools(t);
  const session = createSession(tools, {
    wanted: { methods: [METHOD] },
    frame: 0,
    autoplay: false,
    ...start,
  });
  t.after(() => session.close());
  session.begin();
  await server.until(() => session.connection.isOpen && server.connections === 1);
  await server.say(greeting);
  const paint = async (change: FrameChange) => {
    await server.say(frame(change));
    clock.drawFrame();
  };
  return { ...session, server, clock, pictures, paint };
}

/**
 * As `startSession`, with the recording `a` open at frame 0, and what was sent for that forgotten.
 */
export async function openRecording(
  t: Pick<TestContext, 'after'>,
  start: Partial<SessionStart> = {},
) {
  const session = await startSession(t, start);
  await session.server.say(opened());
  await session.paint({ frame: start.frame ?? 0 });
  await session.server.heard();
  return session;
}

/**
 * As `startSession`, with a feed watched of which pictures 0 … 100 are known and the last is seen.
 */
export async function watchFeed(t: Pick<TestContext, 'after'>) {
  const message = openedFeed();
  const session = await startSession(t, { greeting: hello({ feeds: [message.feed] }) });
  await session.server.say(message, {
    type: 'feed-rows',
    columns: rows(0, 100),
    restart: true,
    from: 0,
  });
  await session.paint({ frame: 100, pts: 1010 });
  await session.server.heard();
  return session;
}
