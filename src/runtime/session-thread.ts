/** @file The program of a session host's thread: opens sessions, runs them one after the other, and answers. */
import { parentPort } from "node:worker_threads";
import { present } from "../errors.js";
import { packError, type HostAnswer, type HostReply, type HostRequest } from "./host-messages.js";
import { openEncoded, type Session } from "./session.js";

const port = present(parentPort, "the other end");
const sessions = new Map<number, Session>();

async function answer(request: HostRequest): Promise<HostAnswer> {
  switch (request.kind) {
    case "open": {
      const session = await openEncoded(request.model, request.options);
      sessions.set(request.session, session);
      return { kind: "open", inputs: session.inputs, outputs: session.outputs };
    }
    case "run": {
      const session = present(sessions.get(request.session), "session");
      return { kind: "run", outputs: await session.run(request.feeds, request.stored) };
    }
    case "release": {
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return { kind: "release" };
    }
  }
}

let last: Promise<void> = Promise.resolve();

port.on("message", ({ call, request }: { call: number; request: HostRequest }) => {
  last = last.then(async () => {
    const value = await answer(request).catch(packError);
    const reply: HostReply = { call, value };
    port.postMessage(reply);
  });
});
