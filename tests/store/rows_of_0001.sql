-- One customer as revision 0001 kept them.
INSERT INTO accounts (code, name, enabled, created_at)
VALUES ('acme', 'Acme', true, '2026-11-01 00:00:00');
INSERT INTO users (id, account_code, email, email_canonical, email_vouched, roles, enabled, created_at)
VALUES ('vouched', 'acme', 'kim@acme.example', 'kim@acme.example', true, '["deepdesk.manager"]', true, '2026-11-01 00:00:00');
INSERT INTO users (id, account_code, email, email_canonical, email_vouched, roles, enabled, created_at)
VALUES ('unvouched', 'acme', 'kim@acme.example', 'kim@acme.example', false, '["deepdesk.manager"]', true, '2026-11-01 00:00:00');
INSERT INTO users (id, account_code, email_vouched, roles, enabled, created_at)
VALUES ('nameless', 'acme', false, '[]', true, '2026-11-01 00:00:00');
INSERT INTO providers (id, account_code, code, kind, display_name, issuer, client_id, client_secret_sealed, scope, subject_claim, email_claim, first_name_claim, last_name_claim, roles_claim, role_map, role_based_iam, require_roles, generic_callback, created_at)
VALUES ('p', 'acme', 'okta', 'oidc', 'Okta', 'https://okta.example', 'us', 'sealed', 'openid', 'sub', 'email', 'given_name', 'family_name', 'roles', '{"a": "deepdesk.agent"}', true, false, false, '2026-11-01 00:00:00');
INSERT INTO upstream_identities (id, provider_id, issuer, subject, user_id, created_at, last_seen_at)
VALUES ('l', 'p', 'https://okta.example', '00u1', 'vouched', '2026-11-01 00:00:00', '2026-11-01 00:00:00');
INSERT INTO sign_ins (id, at, account_code, provider_code, user_id, subject, email_vouched, outcome, role_claim, role_values, role_steps, roles, request_id)
VALUES ('s', '2026-11-01 00:00:00', 'acme', 'okta', 'vouched', '00u1', true, 'ok', 'roles', '[]', '[]', '[]', 'r');
INSERT INTO clients (client_id, account_code, client_name, redirect_uris, grant_types, response_types, scope, id_token_alg, pkce, created_at)
VALUES ('studio', 'acme', 'Studio', '[]', '[]', '[]', 'openid', 'RS256', 'required', '2026-11-01 00:00:00');
