// Elements that every front end needs.

export function element(tag, className, attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function buildErrorBar() {
  const bar = element("div", "error", { role: "alert", "aria-live": "assertive" });
  const text = element("span", "");
  const close = element("button", "", { type: "button", "aria-label": "Dismiss" });
  close.textContent = "×";
  close.addEventListener("click", () => { bar.hidden = true; });
  bar.append(text, close);
  bar.hidden = true;
  return { bar, say(message) { text.textContent = message; bar.hidden = false; } };
}

// A card of keys and what they do: rows are [keys, text].
export function buildHelp(rows, onClose) {
  const card = element("div", "help", { role: "dialog", "aria-label": "Mouse and keyboard help" });
  const list = rows.map(([keys, text]) => `<dt>${keys}</dt><dd>${text}</dd>`).join("");
  card.innerHTML = `<header><b>Mouse and keyboard</b></header><dl>${list}</dl>`;
  const close = element("button", "", { type: "button", "aria-label": "Close help" });
  close.textContent = "×";
  close.addEventListener("click", onClose);
  card.firstChild.append(close);
  card.hidden = true;
  return card;
}

// The first stop of Tab on the page: a link, seen when focused, that leads past everything to
// `target`. In the page itself, where app.css styles it: a front end comes after the navigation.
export function skipLink(text, target) {
  const link = element("a", "levelset-skip", { href: "#" });
  link.textContent = text;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    target.scrollIntoView({ block: "nearest" });
    target.focus({ preventScroll: true });
  });
  document.body.prepend(link);
  return link;
}

// Streamlit listens for single letters (r, c); none may leave the component.
export function keepKeys(root) {
  for (const type of ["keydown", "keyup", "keypress"]) {
    root.addEventListener(type, (event) => event.stopPropagation());
  }
}
