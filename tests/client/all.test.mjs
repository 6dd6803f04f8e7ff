// All tests, in one process with one host.
import './client.mjs'
import './loader.mjs'
import './readme.mjs'
import './transport.mjs'
