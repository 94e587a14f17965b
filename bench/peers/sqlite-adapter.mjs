// An adapter of oidc-provider on Node's own SQLite: every model, one table each, prepared statements only.
//
// WAL with synchronous=NORMAL: what has been answered survives a crash of the process, as with the provider it is
// compared with. Each change is one statement, so one transaction.

import { DatabaseSync } from "node:sqlite";

const MODELS = [
  "AccessToken", "AuthorizationCode", "BackchannelAuthenticationRequest", "Client", "ClientCredentials", "DeviceCode",
  "Grant", "InitialAccessToken", "Interaction", "PreAuthorizedCode", "PushedAuthorizationRequest", "RefreshToken",
  "RegistrationAccessToken", "ReplayDetection", "Session",
];
const GRANTABLE = [
  "AccessToken", "AuthorizationCode", "BackchannelAuthenticationRequest", "DeviceCode", "PreAuthorizedCode",
  "RefreshToken",
];
const PURGE_EVERY_MS = 10 * 60 * 1000;

const now = () => Math.floor(Date.now() / 1000);

function createTable(database, model) {
  // One b-tree, not a table with an index beside it; the further indexes hold only rows that have the value.
  database.exec(`
    CREATE TABLE IF NOT EXISTS "${model}" (
      id TEXT PRIMARY KEY NOT NULL, payload TEXT NOT NULL, grant_id TEXT, uid TEXT, user_code TEXT,
      consumed INTEGER, expires_at INTEGER
    ) STRICT, WITHOUT ROWID;
    ${GRANTABLE.includes(model) ? index(model, "grant_id") : ""}
    ${model === "Session" ? index(model, "uid") : ""}
    ${model === "DeviceCode" ? index(model, "user_code") : ""}`);
}

function index(model, column) {
  return `CREATE INDEX IF NOT EXISTS "${model}_${column}" ON "${model}" (${column}) WHERE ${column} IS NOT NULL;`;
}

function parsed(row) {
  if (!row) return undefined;
  const payload = JSON.parse(row.payload);
  if (row.consumed !== null) payload.consumed = row.consumed;
  return payload;
}

class SqliteAdapter {
  constructor(database, model) {
    const columns = `SELECT payload, consumed FROM "${model}" WHERE`;
    const prepare = (sql) => database.prepare(sql);
    this.byId = prepare(`${columns} id = ?`);
    this.byUid = prepare(`${columns} uid = ?`);
    this.byUserCode = prepare(`${columns} user_code = ?`);
    this.write = prepare(`
      INSERT INTO "${model}" (id, payload, grant_id, uid, user_code, expires_at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
        user_code = excluded.user_code, expires_at = excluded.expires_at`);
    this.mark = prepare(`UPDATE "${model}" SET consumed = ? WHERE id = ?`);
    this.remove = prepare(`DELETE FROM "${model}" WHERE id = ?`);
    this.removeOfGrant = prepare(`DELETE FROM "${model}" WHERE grant_id = ?`);
  }

  async upsert(id, payload, expiresIn) {
    const { grantId = null, uid = null, userCode = null } = payload;
    this.write.run(id, JSON.stringify(payload), grantId, uid, userCode, expiresIn ? now() + expiresIn : null);
  }

  async find(id) {
    return parsed(this.byId.get(id));
  }

  async findByUid(uid) {
    return parsed(this.byUid.get(uid));
  }

  async findByUserCode(userCode) {
    return parsed(this.byUserCode.get(userCode));
  }

  async consume(id) {
    this.mark.run(now(), id);
  }

  async destroy(id) {
    this.remove.run(id);
  }

  async revokeByGrantId(grantId) {
    this.removeOfGrant.run(grantId);
  }
}

/** Open (or make) the database in a file, and return the factory that oidc-provider's `adapter` option takes. */
export function sqliteAdapter(file) {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;");
  database.exec("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;");
  MODELS.forEach((model) => createTable(database, model));
  const purges = MODELS.map((model) => database.prepare(`DELETE FROM "${model}" WHERE expires_at <= ?`));
  setInterval(() => purges.forEach((purge) => purge.run(now())), PURGE_EVERY_MS).unref();
  return (model) => new SqliteAdapter(database, model);
}
