// How to begin, in four steps that can be copied as they are.
import type { ComponentChildren } from 'preact'
import { info } from '../../app/info'
import { hrefOf } from '../../app/route'
import { apiCommand } from '../../text/commands'
import { CodeBlock } from '../../components/CodeBlock'
import { Section } from '../../components/PageFrame'

const CODE = `export default {
  async fetch(request, env, ctx) {
    const name = new URL(request.url).searchParams.get('q') ?? 'world'
    return new Response(\`hello \${name}\`)
  },
}
`

export function Guide({ tenant }: { tenant: string }) {
  const slug = tenant || 'acme'
  const ingress = info.value?.ingress
  const { scheme = 'http', base_domain: domain = 'localhost', port = 8080 } = ingress ?? {}
  const shown = port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`
  const address = `${scheme}://hello--${slug}.${domain}${shown}/?q=you`
  return (
    <>
      <Step title="1. Write a function" about={<>The default export of the main module answers requests. Try it in the <Link to="playground">playground</Link>: Run never deploys.</>}>
        <CodeBlock text={CODE} what="code" />
      </Step>
      <Step title="2. Deploy it" about="From the playground with Deploy, or from a folder. The same code again is the same version.">
        <CodeBlock text={`isolet init hello && cd hello\nisolet deploy --tenant ${slug}`} what="commands" />
      </Step>
      <Step title="3. Call it" about="Each request runs in a fresh, sealed instance; nothing is left of it afterwards.">
        <CodeBlock text={`curl '${address}'`} what="command" />
      </Step>
      <Step title="4. Open what it needs" about={<>The network is closed until a rule names a host, and limits hold for every request. Both are on the page of the <Link to="functions">function</Link>.</>}>
        <CodeBlock what="command" text={apiCommand('PUT', `/v1/tenants/${slug}/functions/hello/secrets/API_KEY`, { value: '…' })} />
      </Step>
      <Section title="From a program" about="The console itself uses nothing else than this API.">
        <div class="py-3">
          <CodeBlock what="command" text={`export ISOLET_KEY=isl_…\ncurl -sS '${location.origin}/v1/tenants/${slug}/runs' \\\n  -H "authorization: Bearer $ISOLET_KEY" -H 'content-type: application/json' \\\n  --data '{"prompt":"hi","code":{"main_module":"main.js","modules":{"main.js":"export default () => new Response(1)"}}}'`} />
        </div>
      </Section>
    </>
  )
}

function Step({ title, about, children }: { title: string; about: ComponentChildren; children: ComponentChildren }) {
  return (
    <Section title={title} about={about}>
      <div class="py-3">{children}</div>
    </Section>
  )
}

function Link({ to, children }: { to: string; children: ComponentChildren }) {
  return (
    <a class="font-medium text-accent underline" href={hrefOf(to)}>
      {children}
    </a>
  )
}
