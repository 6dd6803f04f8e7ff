// The codes of problems by status. Each has a page of the host's own that says what it means and what to do.
import { Icon } from '../../components/Icon'
import { Loaded, useLoad } from '../../components/Loaded'
import { Section } from '../../components/PageFrame'
import { getDocument, problemCodes } from './openapi'

export function Problems({ word }: { word: string }) {
  const loaded = useLoad((signal) => getDocument(signal), [])
  const wanted = word.trim().toLowerCase().replaceAll(' ', '_')
  return (
    <Loaded load={loaded} what="The API's document">
      {(document) => (
        <>
          <p class="max-w-2xl pb-4 text-sm text-muted">
            What the API answers when something goes wrong is a problem document (RFC 9457) with a stable code. A function's own answers are never changed: what the platform says about them is in the header isolet-outcome.
          </p>
          {problemCodes(document)
            .map(([status, codes]): [string, string[]] => [status, codes.filter((code) => code.includes(wanted) || status === wanted)])
            .filter(([, codes]) => codes.length > 0)
            .map(([status, codes]) => (
              <Section key={status} title={status}>
                <ul class="grid gap-x-6 py-2 sm:grid-cols-2 lg:grid-cols-3">
                  {codes.map((code) => (
                    <li key={code}>
                      <a class="flex items-center gap-1.5 rounded py-1 font-mono text-xs text-accent hover:underline" href={`/problems/${code}`} target="_blank" rel="noreferrer">
                        {code} <Icon name="external" size={11} />
                        <span class="sr-only">opens in a new tab</span>
                      </a>
                    </li>
                  ))}
                </ul>
              </Section>
            ))}
        </>
      )}
    </Loaded>
  )
}
