// A textarea with its text coloured underneath. Tab stays what it is in a form, so nobody is caught in the editor; Enter
// keeps the indentation.

import { element } from "./element.js";

const GRAPHQL =
  /(?<comment>#[^\n]*)|(?<string>"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*")|(?<mark>\.\.\.|[{}()[\]:!=|&])|(?<number>-?\b\d+(?:\.\d+)?\b)|(?<word>\b(?:query|mutation|subscription|fragment|on|true|false|null)\b|[$@]\w+)|(?<key>\b[A-Za-z_]\w*(?=\s*:))/g;
const JSON_TEXT =
  /(?<key>"(?:\\.|[^"\\\n])*"(?=\s*:))|(?<string>"(?:\\.|[^"\\\n])*")|(?<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<word>\b(?:true|false|null)\b)|(?<mark>[{}[\]:,])/g;

function colour(target, text, pattern) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > done) parts.push(text.slice(done, match.index));
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    parts.push(element("span", { class: `t-${kind}`, text: match[0] }));
    done = match.index + match[0].length;
  }
  // A last line break has no height of its own.
  parts.push(text.slice(done), "\n");
  target.replaceChildren(...parts);
}

/** Makes an editor of a box that holds a `pre` and a `textarea`. */
export function editor(box, language, changed) {
  const [under, area] = [box.querySelector("pre"), box.querySelector("textarea")];
  const pattern = language === "json" ? JSON_TEXT : GRAPHQL;
  const refresh = () => {
    colour(under, area.value, pattern);
    changed(area.value);
  };
  area.addEventListener("input", refresh);
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    const before = area.value.slice(0, area.selectionStart);
    const indent = /[^\S\n]*/.exec(before.slice(before.lastIndexOf("\n") + 1))[0];
    const [opens, closes] = [/[{([]\s*$/.test(before), /^\s*[})\]]/.test(area.value.slice(area.selectionEnd))];
    const deeper = opens ? `${indent}  ` : indent;
    insert(area, opens && closes ? `\n${deeper}\n${indent}` : `\n${deeper}`);
    if (opens && closes) area.selectionStart = area.selectionEnd -= indent.length + 1;
  });
  return {
    get text() {
      return area.value;
    },
    set text(text) {
      area.value = text;
      box.scrollTop = 0;
      refresh();
    },
  };
}

// `insertText` is the one way that keeps the browser's undo.
function insert(area, text) {
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  }
}
