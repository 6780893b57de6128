import understudy

with understudy.start(seed="my-test") as server:
    server.faults.next("infisical POST /api/v1/auth/universal-auth/login", {"status": 503}, {"drop": True, "after": True})
    print(server.inventory(live=True))
