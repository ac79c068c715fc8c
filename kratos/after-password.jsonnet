// What Nidan is told of a sign-in: a part of Kratos' context, in the same shape, and nothing that is not needed. Of the
// cookies, only Nidan's own go out: Kratos would hand over the session's too.
//
// What is absent in the context is absent here. Nothing here may skip the call (error "cancel"): Kratos would sign in.
//
// It goes out as a form with one field, ctx, which holds the JSON: kratos.yml says why.
local pick(o, names) =
  if std.isObject(o) then { [n]: o[n] for n in names if std.objectHas(o, n) && o[n] != null } else {};
local get(o, name) = if std.isObject(o) && std.objectHas(o, name) then o[name] else null;

local call(ctx) = {
  local flow = get(ctx, 'flow'),
  local identity = get(ctx, 'identity'),
  local session = get(ctx, 'session'),
  local devices = get(session, 'devices'),

  flow: pick(flow, ['id', 'type', 'return_to', 'request_url', 'requested_aal', 'refresh']) + {
    transient_payload: pick(get(flow, 'transient_payload'), ['two_factor']),
  } + (
    local client = get(get(flow, 'oauth2_login_request'), 'client');
    if client == null then {} else { oauth2_login_request: { client: pick(client, ['client_id']) } }
  ),
  identity: pick(identity, ['id', 'state']) + {
    traits: pick(get(identity, 'traits'), ['account', 'name', 'email', 'locale']),
    metadata_public: pick(
      get(identity, 'metadata_public'), ['role', 'two_factor', 'locked', 'password_expired', 'plan']
    ),
  },
  session: pick(session, ['id', 'authenticated_at']) + {
    devices: if std.isArray(devices) then [pick(d, ['ip_address', 'user_agent']) for d in devices] else [],
  },
  request_headers: pick(get(ctx, 'request_headers'), ['Accept-Language', 'User-Agent']),
  request_cookies: pick(get(ctx, 'request_cookies'), ['nidan_device', '__Host-nidan_device']),
};

function(ctx) { ctx: std.manifestJsonMinified(call(ctx)) }
