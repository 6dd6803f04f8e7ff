const words = { de: 'Hallo', en: 'Hello', fr: 'Bonjour', it: 'Ciao', sw: 'Habari' }

export const languages = Object.keys(words)

export function greet(language, name) {
  return `${words[language]}, ${name}!`
}
