import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { GraphQLError } from 'graphql';
import { Loaders, resolvers } from './resolvers.mjs';
import { typeDefs } from './schema.mjs';
import { HOST, settings } from './settings.mjs';
import { signedIn } from './tokens.mjs';

const server = new ApolloServer({ typeDefs, resolvers });

await startStandaloneServer(server, {
  listen: { host: HOST, port: settings.port },
  context: async ({ req }) => {
    const userId = signedIn(req.headers.authorization);
    if (userId === null) throw new GraphQLError('Sign in first.', { extensions: { http: { status: 401 } } });
    return { userId, loaders: new Loaders() };
  },
});
