# redis-py: finds master and replicas through the monitors, and counts up a key for ever.
import os
import time

import redis
from redis.sentinel import Sentinel

door, data = os.environ.get("DOOR_PASSWORD") or None, os.environ.get("REDIS_PASSWORD") or None
monitors = [(host, int(port)) for host, port in (m.rsplit(":", 1) for m in os.environ["MONITORS"].split())]
sentinel = Sentinel(monitors, socket_timeout=1, sentinel_kwargs={"username": os.environ.get("DOOR_USER") or None, "password": door}, password=data)
print("master %s:%d" % sentinel.discover_master("mymaster"), flush=True)
print("replicas", *sorted("%s:%d" % a for a in sentinel.discover_slaves("mymaster")), flush=True)

master, replica = sentinel.master_for("mymaster"), sentinel.slave_for("mymaster")
while True:
    try:
        master.incr(os.environ["KEY"])
        if replica.get(os.environ["KEY"]):
            print("read", flush=True)
    except (redis.exceptions.RedisError, OSError) as e:
        print("failed:", e, flush=True)
    time.sleep(0.05)
