/** What the server tells this page about itself: `{ isForMembers, isDevelopment, demo: { email, password } | null }`. */
export async function loadSettings() {
  const response = await fetch("/graphiql/settings.json");
  if (!response.ok) throw new Error(`The settings of the explorer could not be loaded: status ${response.status}.`);
  return response.json();
}
