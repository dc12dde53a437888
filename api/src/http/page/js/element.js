// Elements made in code: text goes in as text, never as markup.

/** An element with properties and children; a string child becomes text. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (key === "text") made.textContent = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A small label. */
export const pill = (kind, text) => element("span", { class: `pill ${kind}`, text });

/** A button that looks like a link. */
export const link = (text, run, label) =>
  element("button", { type: "button", class: "link", text, "aria-label": label, on: { click: run } });

/** A paragraph of a description: what stands in `backticks` is code. */
export function paragraph(text) {
  const parts = text.split("`").map((part, index) => (index % 2 ? element("code", { text: part }) : part));
  return element("p", {}, ...parts);
}

/** Says something to those who cannot see it happen. */
export function say(text) {
  document.getElementById("said").textContent = text;
}
