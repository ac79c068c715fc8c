// The body of Nidan's hooks: the part of Kratos' context that Nidan needs, in the same shape. Of the cookies, it contains only
// Nidan's own: Kratos would also hand over the session cookie.
//
// A value that is absent in the context is absent here. Nothing here may skip the call (error "cancel"): Kratos would sign in.
//
// The body is a form with one field, ctx, which contains the JSON. kratos.yml says why.
local pick(o, names) =
  if std.isObject(o) then { [n]: o[n] for n in names if std.objectHas(o, n) && o[n] != null } else {};
local get(o, name) = if std.isObject(o) && std.objectHas(o, name) then o[name] else null;

// cut shortens the texts that a client can make as long as it likes. Kratos' interpreter accepts no result over 64 KB, and after a longer
// result it also refuses the next sign-ins of other people (about seventy, on Kratos v1.3.1). An object or a list is emptied: Nidan sees
// the type, and refuses it.
local cut(v, most) =
  if std.isString(v) then std.substr(v, 0, most)
  else if std.isObject(v) then {}
  else if std.isArray(v) then []
  else v;
local cutAll(o, names, most) = { [n]: cut(o[n], most) for n in std.objectFields(pick(o, names)) };
local lines(values, most, long) = if std.isArray(values) then [cut(v, long) for v in values[0:most]] else cut(values, long);

// said takes the client's values by their exact names: Nidan's own parser would take "Code" for "code".
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
  // In a settings flow, the flow contains the account as Kratos keeps it. The context contains the account as it is to become, or nothing
  // when the flow only begins.
  local kept = get(flow, 'identity'),
  local identity = if get(ctx, 'identity') == null then kept else get(ctx, 'identity'),
  local session = get(ctx, 'session'),
  // The last device is the one of this sign-in. If a session is refreshed, the devices of its earlier sign-ins come before it.
  local devices = get(session, 'devices'),
  local seen = if std.isArray(devices) then std.length(devices) else 0,
  local device = if seen > 0 then [cutAll(devices[seen - 1], ['ip_address', 'user_agent'], 500)] else [],
  // The last method is the one of this sign-in, as Kratos reports it. If a session is refreshed or raised, its earlier methods come before.
  local methods = get(session, 'authentication_methods'),
  local taken = if std.isArray(methods) then std.length(methods) else 0,
  local steps = [cutAll(methods[i], ['method', 'aal'], 50) for i in std.range(std.max(0, taken - 10), taken - 1)],
  local headers = pick(get(ctx, 'request_headers'), ['Accept-Language', 'User-Agent']),
  // The address of the client, as Nidan's own listener saw it, and a signature of this address (hooks/address.go).
  local address = pick(get(ctx, 'request_headers'), ['True-Client-Ip', 'Priority']),
  local two_factor = get(get(flow, 'transient_payload'), 'two_factor'),

  flow: pick(flow, ['id', 'type', 'requested_aal', 'refresh']) + cutAll(flow, ['return_to', 'request_url'], 1000) + {
    transient_payload: if two_factor == null then {} else { two_factor: said(two_factor) },
  } + (
    local client = get(get(flow, 'oauth2_login_request'), 'client');
    if client == null then {} else { oauth2_login_request: { client: pick(client, ['client_id']) } }
  ) + (
    // Kratos names the client only when the flow begins. When a form is submitted, only the challenge says that the sign-in is for an OAuth2
    // client. With the whole challenge, somebody could answer in Kratos' place, so only its beginning goes out.
    cutAll(flow, ['oauth2_login_challenge'], 5)
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
