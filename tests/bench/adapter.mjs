// Puts our SQLite adapter to the test: node adapter.mjs FILE prints what each call gave, as JSON.

import { sqliteAdapter } from "../../bench/peers/sqlite-adapter.mjs";

const adapter = sqliteAdapter(process.argv[2]);
const [codes, tokens, sessions, devices] = ["AuthorizationCode", "AccessToken", "Session", "DeviceCode"].map(adapter);

await codes.upsert("c", { jti: "c", grantId: "g", nonce: "n" }, 60);
await tokens.upsert("t1", { jti: "t1", grantId: "g" }, 60);
await tokens.upsert("t2", { jti: "t2", grantId: "another" }, 60);
await sessions.upsert("s", { jti: "s", uid: "u" }, 60);
await sessions.upsert("s", { jti: "s", uid: "u", accountId: "a" }, 60);
await devices.upsert("d", { jti: "d", userCode: "UC" }, 60);

const said = { fresh: await codes.find("c"), missing: (await codes.find("none")) === undefined };
await codes.consume("c");
said.consumed = (await codes.find("c")).consumed > 0;
said.reopened = await sqliteAdapter(process.argv[2])("AuthorizationCode").find("c").then((code) => code.consumed > 0);
said.byUid = await sessions.findByUid("u");
said.byUserCode = await devices.findByUserCode("UC");
await tokens.revokeByGrantId("g");
said.revoked = [await tokens.find("t1"), await tokens.find("t2")].map((token) => token !== undefined);
said.otherModel = (await codes.find("c")) !== undefined;
await sessions.destroy("s");
said.destroyed = (await sessions.findByUid("u")) === undefined;
console.log(JSON.stringify(said));
