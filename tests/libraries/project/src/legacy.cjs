const EventEmitter = require('events')
const { format } = require('node:util')

module.exports = (text) => {
  const said = []
  new EventEmitter().on('say', (word) => said.push(word)).emit('say', format('%s!', text))
  return said
}
