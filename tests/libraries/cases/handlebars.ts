// Handlebars compiles templates by `new Function`, so this one asks for `allow_eval`.
import Handlebars from 'handlebars'
import { failure, report } from './report'

export const options = { allow_eval: true }

Handlebars.registerHelper('loud', (text: string) => text.toUpperCase())
Handlebars.registerHelper('list', (items: string[], context: Handlebars.HelperOptions) => items.map((item, index) => context.fn(item, { data: { index } })).join('|'))
Handlebars.registerPartial('line', '<p>{{name}}{{#if @root.shout}}!{{/if}}</p>')

const template = Handlebars.compile(`{{#each people}}{{> line this}}{{#unless @last}}, {{/unless}}{{else}}nobody{{/each}}
{{#with owner}}{{first}} {{../title}} {{loud last}}{{/with}} {{{raw}}} {{raw}} {{#list tags}}{{@index}}{{this}}{{/list}} {{lookup map key}} {{! gone }}`)

export default report(async () => ({
  full: template({ people: [{ name: 'Ada' }, { name: '<Grace>' }], shout: true, owner: { first: 'Ada', last: 'Lovelace' }, title: 'of', raw: '<b>"&', tags: ['x', 'y'], map: { a: 1 }, key: 'a' }),
  empty: template({ people: [], tags: [] }),
  strict: await failure(() => Handlebars.compile('{{missing}}', { strict: true })({})),
  broken: await failure(() => Handlebars.compile('{{#if}}')({})),
  proto: Handlebars.compile('[{{constructor}}]')({}),
}))
