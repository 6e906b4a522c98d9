<?php
// phpredis: finds master and replicas through the monitors, and counts up a key for ever.
// It has no client that follows a failover by itself; this is how its users do it.
$door = getenv("DOOR_USER") ? [getenv("DOOR_USER"), getenv("DOOR_PASSWORD")] : getenv("DOOR_PASSWORD");
$data = getenv("REDIS_PASSWORD");

function monitors($door) {
    foreach (explode(" ", getenv("MONITORS")) as $m) {
        [$host, $port] = explode(":", $m);
        yield $door ? new RedisSentinel($host, (int)$port, 1, null, 0, 1, $door) : new RedisSentinel($host, (int)$port, 1, null, 0, 1);
    }
}

function connect($addr, $password) {
    $redis = new Redis();
    $redis->connect($addr[0], (int)$addr[1], 1, null, 0, 1);
    if ($password) {
        $redis->auth($password);
    }
    return $redis;
}

function master($door) {
    foreach (monitors($door) as $monitor) {
        try {
            if ($addr = $monitor->getMasterAddrByName("mymaster")) {
                return $addr;
            }
        } catch (RedisException $e) {
            continue; // ask the next one
        }
    }
    throw new RedisException("no monitor answers");
}

echo "master ", implode(":", master($door)), "\n";
foreach (monitors($door) as $monitor) {
    $replicas = array_map(fn($r) => $r["ip"] . ":" . $r["port"], $monitor->slaves("mymaster"));
    break;
}
sort($replicas);
echo "replicas ", implode(" ", $replicas), "\n";

for ($redis = null; ; usleep(50000)) {
    try {
        $redis = $redis ?? connect(master($door), $data);
        $redis->incr(getenv("KEY"));
        [$host, $port] = explode(":", $replicas[0]);
        if ($redis->getPort() != $port && connect([$host, $port], $data)->get(getenv("KEY"))) {
            echo "read\n";
        }
    } catch (RedisException $e) {
        echo "failed: ", $e->getMessage(), "\n";
        $redis = null;
    }
}
