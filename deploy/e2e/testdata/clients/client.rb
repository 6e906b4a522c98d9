# redis-rb: finds master and replicas through the monitors, and counts up a key for ever.
require "redis"

$stdout.sync = true
user, door, data = [ENV["DOOR_USER"], ENV["DOOR_PASSWORD"], ENV["REDIS_PASSWORD"]].map { |p| p.to_s.empty? ? nil : p }
monitors = ENV["MONITORS"].split.map do |m|
  host, port = m.split(":")
  { host: host, port: port.to_i, username: user, password: door }
end

one = Redis.new(**monitors.first)
puts "master #{one.sentinel("get-master-addr-by-name", "mymaster").join(":")}"
puts "replicas #{one.sentinel("replicas", "mymaster").map { |r| "#{r["ip"]}:#{r["port"]}" }.sort.join(" ")}"

master, replica = %i[master slave].map do |role|
  Redis.new(name: "mymaster", url: "redis://mymaster", sentinels: monitors, role: role, password: data, timeout: 1)
end
loop do
  begin
    master.incr(ENV["KEY"])
    puts "read" if replica.get(ENV["KEY"])
  rescue Redis::BaseError, SystemCallError => e
    puts "failed: #{e.message}"
  end
  sleep 0.05
end
