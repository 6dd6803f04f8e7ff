// Node's `Buffer` where libraries written for Node look for it. First of a case's imports.
import { Buffer } from 'node:buffer'

Object.assign(globalThis, { Buffer })
