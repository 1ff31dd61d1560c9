/** The operations that show what the API can do, filled with what the reader can see. */

const FOLDER = "/graphiql/samples";

const LONGEST_SLUG = 48; // characters
/** Suggested name and slug of a new workspace. The slug is free among the workspaces that the user can see. */
const SUGGESTIONS = {
  "{newName}": ({ person }) => `${person.name.slice(0, 60)}'s workspace`,
  "{newSlug}": ({ person, workspaces }) => {
    const plain = person.name.normalize("NFKD").replace(/\p{Mark}/gu, "").toLowerCase();
    const slug = plain.replace(/[^a-z0-9]+/g, "-").slice(0, LONGEST_SLUG - 4).replace(/^-+|-+$/g, "") || "my-workspace";
    const taken = new Set(workspaces.map((each) => each.slug));
    for (let number = 2, found = slug; ; number += 1) {
      if (!taken.has(found)) return found;
      found = `${slug}-${number}`;
    }
  },
};

export function suggested(name, state) {
  return SUGGESTIONS[name](state);
}

/** Nothing to fill a sample with; the message says why. */
export class Unfilled extends Error {}

export function createSamples(session) {
  let listing = /** @type {Promise<any> | null} */ (null); // one download for all who ask

  async function text(file) {
    const response = await session.fetch(`${FOLDER}/${file}`);
    if (!response.ok) throw new Unfilled(`The samples could not be loaded: status ${response.status}.`);
    return response.text();
  }

  function known() {
    listing ??= text("samples.json").then(JSON.parse);
    listing.catch(() => (listing = null));
    return listing;
  }

  /** What the placeholders stand for in this workspace, now. */
  async function answers(workspace) {
    const response = await session.fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ query: await text("placeholders.graphql"), variables: { workspace } }),
    });
    const { data, errors } = await response.json();
    if (!data?.workspace) throw new Unfilled(errors?.[0]?.message ?? "The workspace cannot be read.");
    return data;
  }

  return {
    /** `[{ title, shows, file, variables }]`: all samples, or those that need no workspace if the user has none. */
    async list(workspace) {
      const { samples, placeholders } = await known();
      return workspace === null ? samples.filter((sample) => !isFilled(sample, placeholders)) : samples;
    },

    /** `{ query, variables }` for the editors, and in `missing` the placeholders that stand for nothing here. */
    async filled(sample) {
      const state = session.state();
      const { placeholders } = await known();
      const [query, found] = await Promise.all([text(sample.file), isFilled(sample, placeholders) ? answers(state.workspace) : {}]);
      const missing = [];
      const written = JSON.stringify(sample.variables, (name, value) => {
        if (typeof value === "string" && value in SUGGESTIONS) return suggested(value, state);
        if (typeof value !== "string" || !(value in placeholders)) return value;
        const meant = placeholders[value].reduce((from, step) => from?.[step], found);
        if (meant == null) missing.push(value);
        return meant ?? value;
      }, 2);
      return { query, variables: written === "{}" ? "" : written, missing };
    },
  };
}

/** Whether a variable takes its value from a workspace. */
function isFilled({ variables }, placeholders) {
  const text = JSON.stringify(variables);
  return Object.keys(placeholders).some((name) => text.includes(`"${name}"`));
}
