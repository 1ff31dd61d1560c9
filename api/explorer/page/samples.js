/** The operations that show what the API can do, filled with what the reader can see. */

const FOLDER = "/graphiql/samples";

/** Nothing to fill a sample with; the message says why. */
export class Unfilled extends Error {}

export function createSamples(session) {
  let listing = null; // one download for all who ask

  async function text(file) {
    const response = await session.fetch(`${FOLDER}/${file}`);
    if (!response.ok) throw new Unfilled(`The samples were answered with ${response.status}.`);
    return response.text();
  }

  function known() {
    listing ??= text("samples.json").then(JSON.parse);
    listing.catch(() => (listing = null));
    return listing;
  }

  /** What the placeholders stand for in this workspace, now. */
  async function answers(workspace) {
    if (workspace === null) throw new Unfilled("You belong to no workspace yet: create one with workspaceCreate.");
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
    /** `[{ title, shows, file, variables }]` */
    list: async () => (await known()).samples,

    /** `{ query, variables }` for the editors, and in `missing` the placeholders that stand for nothing here. */
    async filled({ file, variables }) {
      const { placeholders } = await known();
      const [query, found] = await Promise.all([text(file), answers(session.state().workspace)]);
      const missing = [];
      const written = JSON.stringify(variables, (name, value) => {
        if (typeof value !== "string" || !(value in placeholders)) return value;
        const meant = placeholders[value].reduce((from, step) => from?.[step], found);
        if (meant == null) missing.push(value);
        return meant ?? value;
      }, 2);
      return { query, variables: written === "{}" ? "" : written, missing };
    },
  };
}
