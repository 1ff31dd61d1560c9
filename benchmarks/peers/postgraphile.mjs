// PostGraphile makes its schema of the tables. One root field is ours: the workspace, for its members only.
import { createServer } from 'node:http';
import { gql, makeExtendSchemaPlugin } from 'graphile-utils';
import { TYPES } from 'postgraphile/@dataplan/pg';
import { makePgService } from 'postgraphile/adaptors/pg';
import { context } from 'postgraphile/grafast';
import { grafserv } from 'postgraphile/grafserv/node';
import { postgraphile } from 'postgraphile';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter';
import { pool } from './database.mjs';
import { HOST, settings } from './settings.mjs';
import { signedIn } from './tokens.mjs';

const Visible = makeExtendSchemaPlugin((build) => {
  const { workspace, account } = build.pgResources;
  const { sql } = build;
  const userId = () => context().get('userId');
  return {
    typeDefs: gql`
      extend type Query {
        visibleWorkspace(slug: String!): Workspace
        viewer: Account
      }
    `,
    objects: {
      Query: {
        plans: {
          viewer: () => account.get({ id: userId() }),
          visibleWorkspace(_, { $slug }) {
            const $found = workspace.find({ slug: $slug });
            const $user = $found.placeholder(userId(), TYPES.text);
            $found.where(sql`exists (select from member m where m.workspace_id = ${$found.alias}.id and m.user_id = ${$user})`);
            return $found.single();
          },
        },
      },
    },
  };
});

const preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [Visible],
  // It hides columns without an index of their own from filters and conditions; these lists need them.
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [makePgService({ pool, schemas: ['public'] })],
  schema: { connectionFilterRelations: true },
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false },
  grafast: {
    explain: false,
    context({ node }) {
      const userId = signedIn(node.req.headers.authorization);
      if (userId === null) throw new Error('Sign in first.');
      return { userId };
    },
  },
};

const instance = postgraphile(preset);
const server = createServer();
instance.createServ(grafserv).addTo(server);
server.listen(settings.port, HOST);
