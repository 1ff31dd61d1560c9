// Yoga with its caches of parsed and validated documents, which are on by default, and graphql-jit as its executor.
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import { GraphQLError } from 'graphql';
import { createSchema, createYoga } from 'graphql-yoga';
import { Loaders, resolvers } from './resolvers.mjs';
import { typeDefs } from './schema.mjs';
import { HOST, settings } from './settings.mjs';
import { signedIn } from './tokens.mjs';

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  graphqlEndpoint: '/graphql',
  graphiql: false,
  landingPage: false,
  logging: false,
  parserAndValidationCache: true,
  plugins: [useGraphQlJit()],
  context: ({ req }) => {
    const userId = signedIn(req.headers.authorization);
    if (userId === null) throw new GraphQLError('Sign in first.', { extensions: { http: { status: 401 } } });
    return { userId, loaders: new Loaders() };
  },
});

createServer(yoga).listen(settings.port, HOST);
