import { start } from "@understudy-dev/understudy";

const server = await start({ seed: "my-test" });
await server.faults.next("infisical POST /api/v1/auth/universal-auth/login", { status: 503 }, { drop: true, after: true });
console.log(await server.inventory({ live: true }));
await server.stop();
