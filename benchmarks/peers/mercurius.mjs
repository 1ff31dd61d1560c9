// Mercurius with its JIT: with its own loaders, as its documentation says, or with DataLoader, which takes half the time,
// since Mercurius makes JSON of each parent to know it again.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import * as reads from './reads.mjs';
import { Loaders, asksFor, resolvers } from './resolvers.mjs';
import { typeDefs } from './schema.mjs';
import { HOST, settings } from './settings.mjs';
import { signedIn } from './tokens.mjs';

const usesDataLoader = process.argv[3] === 'dataloader';
const { Query, Mutation, Workspace } = resolvers;

// Its cache is off: it would have each parent fetched by itself that differs in anything; this asks for each id once.
const unique = (read, key) => async (queries) => {
  const ids = [...new Set(queries.map(({ obj }) => obj[key]))];
  const found = new Map((await read(queries[0].obj.workspace_id, ids)).map((value, place) => [ids[place], value]));
  return queries.map(({ obj }) => found.get(obj[key]));
};
const loader = (read, key) => ({ loader: unique(read, key), opts: { cache: false } });

async function comments(queries) {
  const [{ params, info }] = queries; // one field of one operation: the same arguments for all
  const ids = queries.map(({ obj }) => obj.id);
  return reads.comments(queries[0].obj.workspace_id, ids, { first: params.first, isCounted: asksFor(info, 'totalCount') });
}

const ownLoaders = {
  Issue: {
    state: loader(reads.states, 'state_id'),
    project: loader(reads.projects, 'project_id'),
    creator: loader(reads.users, 'creator_id'),
    assignees: loader(reads.assignees, 'id'),
    labels: loader(reads.labels, 'id'),
    comments: { loader: comments, opts: { cache: false } },
  },
  Comment: { author: loader(reads.users, 'author_id') },
};

const app = Fastify();
app.addHook('onRequest', async (request, reply) => {
  request.userId = signedIn(request.headers.authorization);
  if (request.userId === null) return reply.code(401).send({ errors: [{ message: 'Sign in first.' }] });
});
app.register(mercurius, {
  schema: typeDefs,
  ...(usesDataLoader ? { resolvers } : { resolvers: { Query, Mutation, Workspace }, loaders: ownLoaders }),
  context: ({ userId }) => ({ userId, loaders: usesDataLoader ? new Loaders() : null }),
  cache: true,
  jit: 1,
});
await app.listen({ host: HOST, port: settings.port });
