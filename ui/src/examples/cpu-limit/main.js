// Never answers: the host stops it once its CPU time is used up,
// and nobody else notices.
export default {
  async fetch() {
    let turns = 0
    for (;;) turns += 1
  },
}
