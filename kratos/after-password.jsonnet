// What Nidan is told of a sign-in: a part of Kratos' context, in the same shape, and nothing that is not needed. Of the
// cookies, only Nidan's own go out: Kratos would hand over the session's too.
//
// What is absent in the context is absent here. Nothing here may skip the call (error "cancel"): Kratos would sign in.
//
// It goes out as a form with one field, ctx, which holds the JSON: kratos.yml says why.
local pick(o, names) =
  if std.isObject(o) then { [n]: o[n] for n in names if std.objectHas(o, n) && o[n] != null } else {};
local get(o, name) = if std.isObject(o) && std.objectHas(o, name) then o[name] else null;

// What any client can make as long as it likes is cut. Kratos' interpreter takes no result over 64 KB, and one that is longer
// leaves it in a state in which it refuses the next sign-ins, whosever they are (some seventy, on Kratos v1.3.1). What is no
// text, number or truth value is emptied: its type goes out, for Nidan to refuse it.
local cut(v, most) =
  if std.isString(v) then std.substr(v, 0, most)
  else if std.isObject(v) then {}
  else if std.isArray(v) then []
  else v;
local cutAll(o, names, most) = { [n]: cut(o[n], most) for n in std.objectFields(pick(o, names)) };
local lines(values, most, long) = if std.isArray(values) then [cut(v, long) for v in values[0:most]] else cut(values, long);

// What a client says, by its exact names: Nidan's own parser takes "Code" for "code".
local said(two_factor) =
  if !std.isObject(two_factor) then cut(two_factor, 100)
  else cutAll(two_factor, ['code', 'action', 'remember', 'device_token', 'locale'], 100) + (
    local client = get(two_factor, 'client');
    if client == null then {}
    else { client: if std.isObject(client) then cutAll(client, ['name', 'version'], 100) else cut(client, 100) }
  );

local account(identity) = pick(identity, ['id', 'state']) + {
  traits: pick(get(identity, 'traits'), ['account', 'name', 'email', 'locale']),
  metadata_public: pick(
    get(identity, 'metadata_public'), ['role', 'two_factor', 'locked', 'password_expired', 'plan']
  ),
};

local call(ctx) = {
  local flow = get(ctx, 'flow'),
  // A flow of the settings has the account as it is kept. Beside it stands what it is about to become, or nothing, where the flow
  // only begins.
  local kept = get(flow, 'identity'),
  local identity = if get(ctx, 'identity') == null then kept else get(ctx, 'identity'),
  local session = get(ctx, 'session'),
  // The last one is this sign-in's: a session that is refreshed has those of its earlier ones before it.
  local devices = get(session, 'devices'),
  local seen = if std.isArray(devices) then std.length(devices) else 0,
  local device = if seen > 0 then [cutAll(devices[seen - 1], ['ip_address', 'user_agent'], 500)] else [],
  // By what somebody signs in, as Kratos says: the last one. Those of a session that is refreshed or raised come before it.
  local methods = get(session, 'authentication_methods'),
  local taken = if std.isArray(methods) then std.length(methods) else 0,
  local steps = [cutAll(methods[i], ['method', 'aal'], 50) for i in std.range(std.max(0, taken - 10), taken - 1)],
  local headers = pick(get(ctx, 'request_headers'), ['Accept-Language', 'User-Agent']),
  // Where the client is, as Nidan's own listener saw it, and a signature of that (hooks/address.go).
  local address = pick(get(ctx, 'request_headers'), ['True-Client-Ip', 'Priority']),
  local two_factor = get(get(flow, 'transient_payload'), 'two_factor'),

  flow: pick(flow, ['id', 'type', 'requested_aal', 'refresh']) + cutAll(flow, ['return_to', 'request_url'], 1000) + {
    transient_payload: if two_factor == null then {} else { two_factor: said(two_factor) },
  } + (
    local client = get(get(flow, 'oauth2_login_request'), 'client');
    if client == null then {} else { oauth2_login_request: { client: pick(client, ['client_id']) } }
  ) + (if kept == null then {} else { identity: account(kept) }),
  identity: account(identity),
  session: pick(session, ['id', 'authenticated_at', 'authenticator_assurance_level']) + {
    devices: device,
    authentication_methods: steps,
  },
  request_headers: { [n]: lines(headers[n], 2, 500) for n in std.objectFields(headers) } +
                   { [n]: lines(address[n], 1, 100) for n in std.objectFields(address) },
  request_cookies: cutAll(
    get(ctx, 'request_cookies'),
    ['nidan_device', '__Host-nidan_device', 'nidan_device_next', '__Host-nidan_device_next'], 200
  ),
};

function(ctx) { ctx: std.manifestJsonMinified(call(ctx)) }
