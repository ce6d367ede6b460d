-- Asks for the addresses of a file in turn, and tells at the end what it counted, as JSON.
-- Arguments: the file, one address without host a line.

local paths, turn = {}, 0

function init(arguments)
   for line in io.lines(arguments[1]) do
      paths[#paths + 1] = wrk.format("GET", line)
   end
   -- Each thread begins elsewhere.
   turn = math.random(#paths)
end

function request()
   turn = turn % #paths + 1
   return paths[turn]
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "microseconds": %d, "size": %d, "refused": %d, "broken": %d, ' ..
      '"p50": %d, "p99": %d, "longest": %d}\n',
      summary.requests, summary.duration, summary.bytes, e.status,
      e.connect + e.read + e.write + e.timeout,
      latency:percentile(50), latency:percentile(99), latency.max))
end
