// GraphiQL, where the network brings it: asks with the token of the chosen role. Without it, a way back.

const place = document.getElementById("graphiql");
const choice = document.getElementById("role");

function say(text) {
  const line = document.createElement("p");
  line.append(text, " ");
  const back = document.createElement("a");
  back.href = "/";
  back.textContent = "Ask on our own page instead.";
  line.append(back);
  place.replaceChildren(line);
}

async function start() {
  if (!window.GraphiQL || !window.React || !window.ReactDOM) {
    say("GraphiQL comes from cdn.jsdelivr.net, which this browser does not reach.");
    return;
  }
  const answer = await fetch("/page/setup.json");
  if (!answer.ok) {
    say("The server did not give the roles to ask as.");
    return;
  }
  const { roles, examples } = await answer.json();
  choice.replaceChildren(...roles.map(({ role }) => new Option(role, role)));
  const fetcher = async (ask) => {
    const { token } = roles.find(({ role }) => role === choice.value);
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(ask),
    });
    return response.json();
  };
  place.replaceChildren();
  const { createElement } = window.React;
  const page = createElement(window.GraphiQL, { fetcher, defaultQuery: examples[0]?.query });
  window.ReactDOM.createRoot(place).render(page);
}

start();
