import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser'
import { report } from './report'

const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE note [<!ENTITY who "Ada">]>
<catalog xmlns:x="urn:x"><!-- a comment -->
  <book id="1" x:lang="en"><title>Notes &amp; &who;</title><price>12.50</price></book>
  <book id="02"><title><![CDATA[<raw>]]></title><tags><tag>a</tag></tags></book>
  <empty/>
</catalog>`

export default report(() => {
  const options = { ignoreAttributes: false, attributeNamePrefix: '@', parseAttributeValue: true, isArray: (name: string) => name === 'tag', trimValues: true }
  const parsed = new XMLParser(options).parse(text)
  const ordered = new XMLParser({ ...options, preserveOrder: true, commentPropName: '#c' }).parse(text)
  return {
    parsed,
    ordered,
    built: new XMLBuilder({ ...options, format: true, suppressEmptyNode: true }).build(parsed),
    again: new XMLBuilder({ ...options, preserveOrder: true, commentPropName: '#c' }).build(ordered),
    valid: [XMLValidator.validate(text), XMLValidator.validate('<a><b></a>'), XMLValidator.validate('<a x=1/>')],
  }
})
