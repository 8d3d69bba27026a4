// Symbols that explain themselves when they are hovered or focused; their words are the glossary's.

import { GLOSSARY } from "./glossary.js";

/** HTML of a symbol with its words. @param {string} key @param {string} [text] instead of the symbol */
export function term(key, text = "") {
  const { symbol, sentence } = GLOSSARY[key];
  return `<span class="term" tabindex="0">${text || symbol}<span class="about" role="tooltip">${sentence}</span></span>`;
}

/** Text in which {key} and {key|other words} become terms. @param {string} text */
export const explained = (text) =>
  text.replace(/\{(\w+)(?:\|([^}]*))?\}/g, (_, key, words) => term(key, words));

/** The same without its words, for what is spoken or compared. @param {string} text */
export const plain = (text) =>
  text.replace(/\{(\w+)(?:\|([^}]*))?\}/g, (_, key, words) => words || GLOSSARY[key].symbol);
