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

const EDGE = 8; // px between words and the window's edge

/** Words that would leave the window move to the left while they are shown. @param {HTMLElement} root */
export function keepInSight(root) {
  const place = ({ target }) => {
    const words = target instanceof Element ? target.closest(".term, .explains")?.querySelector(".about") : null;
    if (!(words instanceof HTMLElement)) return;
    words.style.translate = "";
    const beyond = words.getBoundingClientRect().right + EDGE - document.documentElement.clientWidth;
    if (beyond > 0) words.style.translate = `${-beyond}px`;
  };
  root.addEventListener("pointerover", place);
  root.addEventListener("focusin", place);
}
