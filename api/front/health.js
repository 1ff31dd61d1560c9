/** Shows the checks of /readyz in the list `health` and refreshes them every few seconds. */
const PERIOD = 5000; // milliseconds
const list = document.getElementById("health");

async function look() {
  try {
    const response = await fetch("/readyz", { cache: "no-store" });
    const { status, checks } = await response.json();
    show([{ name: "server", state: status, isWell: response.ok }, ...checks.map(read)]);
  } catch {
    show([{ name: "server", state: "no response", isWell: false }]);
  }
  setTimeout(look, PERIOD);
}

function read({ name, ok, required, detail }) {
  const trouble = required ? "unavailable" : "unavailable, not required";
  return { name, state: ok ? "OK" : trouble, detail, isWell: ok };
}

/** The list is left alone while nothing changes, so that it is read aloud only when something does. */
function show(parts) {
  const items = parts.map(itemOf);
  const isNew = items.length !== list.children.length || items.some((item, place) => !item.isEqualNode(list.children[place]));
  if (isNew) list.replaceChildren(...items);
}

function itemOf({ name, state, detail, isWell }) {
  const item = document.createElement("li");
  item.className = isWell ? "well" : "unwell";
  item.textContent = `${name[0].toUpperCase()}${name.slice(1)}: ${state}${detail ? ` (${detail})` : ""}`;
  return item;
}

look();
