// MessageChannel and MessagePort (HTML, 9.4). Both ends are in one copy of the engine: there is nobody else to talk to.

import { DOMException } from "./dom-exception.ts";
import { MessageEvent } from "./event-kinds.ts";
import { defineHandler, type Event, EventTarget, fireTrusted } from "./events.ts";
import { requireRequest } from "./invocation.ts";
import { cloneWithTransfer, registerTransferable } from "./structured-clone.ts";
import { queueTask } from "./timers.ts";
import { defineInterface, isObject, requireArguments, toDictionary } from "./webidl.ts";

interface Message {
  data: unknown;
  ports: MessagePort[];
}

let constructing = false;

/** Two ports, each the other's other end. */
let newPair: () => [MessagePort, MessagePort];
let isPort: (value: object) => value is MessagePort;

type MessageHandler = ((this: MessagePort, event: Event) => unknown) | null;

export class MessagePort extends EventTarget {
  #other: MessagePort | null = null;
  #queue: Message[] = [];
  #enabled = false;
  #detached = false;

  declare onmessage: MessageHandler;
  declare onmessageerror: MessageHandler;

  static {
    newPair = () => {
      const [one, two] = [newPort(), newPort()];
      one.#other = two;
      two.#other = one;
      return [one, two];
    };
    isPort = (value): value is MessagePort => #queue in value;
    const check = (port: MessagePort): void => void port.#queue;
    defineHandler(MessagePort, "message", check, (port) => port.start());
    defineHandler(MessagePort, "messageerror", check);
    registerTransferable({
      is: isPort,
      refusal: (port) => ((port as MessagePort).#detached ? "was already transferred" : null),
      move(value) {
        const [port, made] = [value as MessagePort, newPort()];
        made.#other = port.#other;
        if (port.#other !== null) port.#other.#other = made;
        made.#queue = port.#queue;
        port.#other = null;
        port.#queue = [];
        port.#detached = true;
        return made;
      },
    });
  }

  constructor() {
    if (!constructing) throw new TypeError("MessagePort cannot be constructed; use new MessageChannel()");
    super();
  }

  postMessage(message: unknown, options?: Iterable<object> | { transfer?: Iterable<object> }): void {
    void this.#queue;
    requireArguments(arguments.length, 1, "MessagePort.postMessage");
    requireRequest("MessagePort.postMessage");
    const isList = isObject(options) && typeof (options as { [Symbol.iterator]?: unknown })[Symbol.iterator] === "function";
    const list = isList ? (options as Iterable<object>) : toDictionary<{ transfer: Iterable<object> }>(options, "postMessage options").transfer;
    const transfer = [...(list ?? [])];
    if (transfer.includes(this)) throw new DOMException("a port cannot be sent through itself", "DataCloneError");
    const target = this.#other;
    const doomed = target !== null && transfer.includes(target);
    const { value, moved } = cloneWithTransfer(message, transfer);
    // A message that carries the port it is addressed to is lost.
    if (target === null || doomed) return;
    target.#queue.push({ data: value, ports: moved.filter(isPort) });
    if (target.#enabled) queueTask(() => target.#deliver());
  }

  start(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    for (let i = this.#queue.length; i > 0; i--) queueTask(() => this.#deliver());
  }

  close(): void {
    const other = this.#other;
    this.#detached = true;
    this.#other = null;
    if (other !== null) other.#other = null;
  }

  #deliver(): void {
    // A closed port gets nothing more, and what was sent to one that moved went along with it.
    if (this.#detached) return;
    const message = this.#queue.shift();
    if (message !== undefined) fireTrusted(this, new MessageEvent("message", message));
  }
}

function newPort(): MessagePort {
  constructing = true;
  const port = new MessagePort();
  constructing = false;
  return port;
}

export class MessageChannel {
  #ports = newPair();

  get port1(): MessagePort {
    return this.#ports[0];
  }
  get port2(): MessagePort {
    return this.#ports[1];
  }
}

defineInterface(MessagePort, "MessagePort", 0, { postMessage: 1 });
defineInterface(MessageChannel, "MessageChannel", 0);
