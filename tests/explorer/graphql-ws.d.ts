/** The part of graphql-ws that the explorer uses; the package is not installed for the lint. */
interface Client {
  subscribe(request: object, sink: object): () => void;
  terminate(): void;
}

export function createClient(options: object): Client;
