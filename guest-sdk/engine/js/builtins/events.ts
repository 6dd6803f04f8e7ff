// node:events: the `events` package.

import EventEmitter from "events";

const { once, listenerCount, defaultMaxListeners } = EventEmitter;

export { EventEmitter, once, listenerCount, defaultMaxListeners };
export default EventEmitter;
