// Workload 1: the least a function can do, read the query and greet.
const tag = '@@@@TAG@@@@'

export default {
  fetch(request) {
    const q = new URL(request.url).searchParams.get('q')
    return new Response(`hello ${q} from ${tag}`)
  },
}
