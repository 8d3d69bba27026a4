// Models x attacks: a figure, its interval, a reference, progress. A cell is a button.

import { ViewAddress } from "../../shared/address.js";
import { element } from "../../shared/dom.js";
import { keepInSight } from "../../shared/terms.js";
import { mounter, View } from "../../shared/view.js";

function line(className, text) {
  const node = element("span", className);
  node.textContent = text;
  return node;
}

// A title whose words come when it is hovered or focused; without words it is a plain one.
function title(text, about) {
  const node = line("title", about ? "" : text);
  if (!about) return node;
  const term = element("span", "term", { tabindex: "0" });
  const words = element("span", "about", { role: "tooltip" });
  words.textContent = about;
  term.append(text, words);
  node.append(term);
  return node;
}

class TableView extends View {
  constructor(parent) {
    super(parent, { name: "robust", testid: "robust-table", url: import.meta.url });
    this.address = new ViewAddress("table", true);
    this.drawn = "";
    keepInSight(this.root);
  }

  resized() {} // the browser lays the table out

  update(data) {
    this.chosen = data.chosen;
    this.address.keep(data.address);
    const drawn = JSON.stringify([data.columns, data.rows]);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.build(data);
    }
    this.mark();
  }

  build({ columns, rows }) {
    const focused = this.root.getRootNode().activeElement?.dataset?.place;
    const table = element("table", "", { "aria-label": "Models and attacks: percent classified correctly" });
    const head = table.createTHead().insertRow();
    head.append(element("td", "corner"));
    for (const column of columns) {
      const th = element("th", "", { scope: "col" });
      th.append(title(column.title, column.about), line("muted", column.text));
      head.append(th);
    }
    const body = table.createTBody();
    for (const row of rows) {
      const tr = body.insertRow();
      const th = element("th", "model", { scope: "row" });
      th.append(title(row.title, row.about), line("muted", row.text), line("muted", row.reference));
      tr.append(th);
      for (const cell of row.cells) tr.insertCell().append(this.button(row, cell));
    }
    this.root.replaceChildren(table);
    if (focused) this.find(focused)?.focus();
  }

  button(row, cell) {
    const place = `${row.id}|${cell.attack}`;
    const node = element("button", `cell ${cell.state}`, {
      type: "button", title: cell.label,
      "data-place": place, "data-state": cell.state, "data-value": cell.value,
    });
    // Its whole text is its name, for those who speak to their browser.
    const figure = line("value", cell.value);
    figure.append(" ", line("interval", cell.interval));
    node.append(line("unseen", cell.name), " ", figure, " ");
    const below = [cell.note, cell.reference].filter(Boolean).join(" · ");
    for (const [name, text] of [["muted own", cell.own], ["reference", below]]) {
      if (text || name === "reference") node.append(line(name, text), " ");
    }
    if (cell.progress !== null) {
      const bar = element("span", "bar");
      const fill = element("span", "fill");
      fill.style.width = `${100 * cell.progress}%`;
      bar.append(fill);
      node.append(bar);
    }
    node.addEventListener("click", () => {
      this.chosen = [row.id, cell.attack];
      this.mark();
      this.setStateValue("chosen", this.chosen);
    });
    node.addEventListener("keydown", (event) => this.move(event, node));
    return node;
  }

  // Arrow keys go from cell to cell.
  move(event, node) {
    const td = node.parentElement;
    const tr = td.parentElement;
    const targets = {
      ArrowLeft: td.previousElementSibling,
      ArrowRight: td.nextElementSibling,
      ArrowUp: tr.previousElementSibling?.cells[td.cellIndex],
      ArrowDown: tr.nextElementSibling?.cells[td.cellIndex],
    };
    const next = targets[event.key]?.querySelector("button");
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }

  find(place) {
    return [...this.root.querySelectorAll("button")].find((b) => b.dataset.place === place);
  }

  mark() {
    const place = this.chosen?.join("|");
    for (const button of this.root.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.place === place));
    }
  }

  destroy() {
    this.address.leave();
    super.destroy();
  }
}

export default mounter(TableView);
