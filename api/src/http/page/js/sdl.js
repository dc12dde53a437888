// Reads the schema's document (`/schema.graphql`) into plain objects. It knows what the server prints, no more: definitions
// with descriptions, fields with arguments, directives in use.

const TOKEN = /"""(?<block>[\s\S]*?)"""|"(?<string>(?:\\.|[^"\\\n])*)"|#[^\n]*|(?<name>[A-Za-z_]\w*)|(?<number>-?\d[\d.eE+-]*)|(?<mark>\.\.\.|[{}()[\]:=!|&@$])/g;

/** A list of definitions: {kind, name, description, fields, values, members, interfaces}. */
export function readSchema(text) {
  const tokens = [...text.matchAll(TOKEN)].map(({ groups }) => groups).filter((token) => Object.values(token).some((value) => value !== undefined));
  let at = 0;
  const peek = (value) => tokens[at]?.mark === value || tokens[at]?.name === value;
  const take = (value) => (peek(value) ? (at += 1, true) : false);
  const name = () => tokens[at++]?.name ?? "";
  const description = () => {
    const token = tokens[at];
    if (token?.block === undefined && token?.string === undefined) return "";
    at += 1;
    return (token.block ?? token.string).split("\n").map((line) => line.trim()).join(" ").trim();
  };
  const type = () => {
    const inner = take("[") ? `[${type()}${take("]") ? "]" : ""}` : name();
    return inner + (take("!") ? "!" : "");
  };
  const value = () => {
    const token = tokens[at++] ?? {};
    if (token.mark === "[" || token.mark === "{") {
      const [parts, close] = [[], token.mark === "[" ? "]" : "}"];
      while (at < tokens.length && !take(close)) parts.push(close === "}" ? `${name()}${take(":") ? ": " : ""}${value()}` : value());
      return token.mark + parts.join(", ") + close;
    }
    if (token.mark === "$") return `$${name()}`;
    return token.string === undefined ? (token.name ?? token.number ?? "") : JSON.stringify(token.string);
  };
  const directives = () => {
    const found = {};
    while (take("@")) {
      const [directive, given] = [name(), {}];
      if (take("(")) while (at < tokens.length && !take(")")) {
        const key = name();
        take(":");
        given[key] = value().replace(/^"|"$/g, "");
      }
      found[directive] = given;
    }
    return found;
  };
  const inputs = (close) => {
    const list = [];
    while (at < tokens.length && !take(close)) {
      const input = { description: description(), name: name(), arguments: [] };
      if (take("(")) input.arguments = inputs(")");
      if (take(":")) input.type = type();
      if (take("=")) input.default = value();
      list.push({ ...input, directives: directives() });
    }
    return list;
  };
  const definitions = [];
  while (at < tokens.length) {
    const about = description();
    const kind = name();
    if (kind === "directive") {
      while (at < tokens.length && !take("on")) at += 1;
      do name(); while (take("|"));
      continue;
    }
    if (!["type", "interface", "input", "enum", "union", "scalar"].includes(kind)) continue;
    const made = { kind, name: name(), description: about, fields: [], members: [], interfaces: [] };
    if (take("implements")) do { take("&"); made.interfaces.push(name()); } while (peek("&"));
    made.directives = directives();
    if (kind === "union" && take("=")) do { take("|"); made.members.push(name()); } while (peek("|"));
    else if (take("{")) made.fields = inputs("}");
    definitions.push(made);
  }
  return definitions;
}
