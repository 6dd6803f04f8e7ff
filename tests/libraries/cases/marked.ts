import { Marked } from 'marked'
import { report } from './report'

const text = `# Title & more

Some *emphasis*, **strong**, \`code <b>\`, ~~gone~~, [a link](https://example.org "t"), <https://auto.example>.

- one
  - nested
- [x] done

1. first
2. second

> quoted
> again

| left | right |
| :--- | ----: |
| a    | \\|b  |

\`\`\`js
const a = 1 < 2
\`\`\`

![alt](x.png) line
break  
here

[ref]: https://example.org/ref
See [ref].
`

export default report(async () => {
  const plain = new Marked()
  const custom = new Marked({ gfm: true, breaks: true })
  custom.use({
    renderer: { heading({ tokens, depth }) { return `<h${depth} id="${depth}">${this.parser.parseInline(tokens)}</h${depth}>\n` } },
    extensions: [{
      name: 'mention', level: 'inline', start: (source: string) => source.indexOf('@'),
      tokenizer: (source: string) => { const found = /^@(\w+)/.exec(source); return found ? { type: 'mention', raw: found[0], name: found[1] } : undefined },
      renderer: (token) => `<a>${token.name}</a>`,
    }],
    async: true,
    walkTokens: async (token) => { if (token.type === 'link') token.href = await Promise.resolve(`${token.href}?seen`) },
  })
  return { plain: plain.parse(text), custom: await custom.parse(`${text}\n@ada`), tokens: plain.lexer('a **b** `c`').map((token) => token.raw) }
})
