// A real OpenID provider for the tests of workload identity, on a free port of the loopback interface.
//
// Each line on stdin is one JSON object that says how it is from now on (keys, clients, what its tokens say); each is
// answered with one line, the issuer's URL. With the end of stdin it ends. Tokens it gave go to the file `issued`.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import Provider, { errors } from 'oidc-provider';

const beside = createRequire(createRequire(import.meta.url).resolve('oidc-provider'));
const { createLocalJWKSet, jwtVerify } = await import(pathToFileURL(beside.resolve('jose')));
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

function made(url, told) {
  const server = (audience) => ({
    scope: 'lease', audience, accessTokenTTL: told.lifetime ?? 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
  });
  const provider = new Provider(url, {
    clients: told.clients.map((client) => ({ redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256', ...client })),
    jwks: { keys: told.keys },
    scopes: ['lease'],
    clientAuthMethods: ['private_key_jwt', 'none'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, getResourceServerInfo: (ctx, resource) => server(told.resources[resource]) },
    },
    formats: { customizers: { jwt(ctx, token, jwt) { Object.assign(jwt.payload, told.claims); } } },
  });
  provider.registerGrantType(EXCHANGE, async (ctx) => {
    const { params, client } = ctx.oidc;
    if (params.subject_token_type !== JWT) throw new errors.InvalidRequest('another type of token');
    const rules = { issuer: told.platform.issuer, audience: url };
    const seen = await jwtVerify(params.subject_token, createLocalJWKSet(told.platform.jwks), rules).catch(() => {
      throw new errors.InvalidGrant('not a token of the platform');
    });
    const given = new provider.AccessToken({ accountId: seen.payload.sub, client, gty: 'exchange', scope: 'lease' });
    given.resourceServer = new provider.ResourceServer(params.audience, server(params.audience));
    ctx.body = {
      access_token: await given.save(), issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer', expires_in: given.expiration,
    };
  }, ['audience', 'resource', 'scope', 'subject_token', 'subject_token_type', 'requested_token_type']);
  provider.on('grant.success', (ctx) => appendFileSync(told.issued, `${ctx.body.access_token}\n`));
  provider.on('server_error', (ctx, error) => console.error(error));
  return provider.callback();
}

let answer;
const listening = createServer((request, response) => answer(request, response));
listening.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${listening.address().port}`;
  for await (const line of createInterface({ input: process.stdin })) {
    answer = made(url, JSON.parse(line));
    console.log(url);
  }
  process.exit(0);
});
